import type { PublishedModel } from '../published.ts'
import { bodyOf, type DesignName, designs, type EVAConfig, type EVAHead } from './config.ts'

type Row = readonly [file: string, design: DesignName, patchSize: number, imageSize: number, head: EVAHead]

const IN_1K: EVAHead = { kind: 'classes', classes: 1000 }
const IN_21K: EVAHead = { kind: 'classes', classes: 21841 }
/** Teachers: CLIP ViT-L/14 of EVA-01, EVA01-CLIP-g/14 of EVA-02. */
const CLIP_L: EVAHead = { kind: 'patches', width: 768 }
const CLIP_G: EVAHead = { kind: 'patches', width: 1024 }

const eva01: readonly Row[] = [
  ['eva_psz14.pt', 'EVA-g', 14, 224, CLIP_L],
  ['eva_psz14to16.pt', 'EVA-g', 16, 224, CLIP_L],
  ['eva_21k_224px_psz14.pt', 'EVA-g', 14, 224, IN_21K],
  ['eva_21k_1k_336px_psz14_ema_89p6.pt', 'EVA-g', 14, 336, IN_1K],
  ['eva_21k_1k_560px_psz14_ema_89p7.pt', 'EVA-g', 14, 560, IN_1K],
  ['eva_clip_vis_enc_sz224_ftcls_89p1.pt', 'EVA-g', 14, 224, IN_1K],
  ['eva_clip_vis_enc_sz336_ftcls_89p4.pt', 'EVA-g', 14, 336, IN_1K],
  ['eva_l_psz14_21k_ft.pt', 'EVA-L', 14, 224, IN_21K],
  ['eva_l_psz14_196px_1k_ft_88p0.pt', 'EVA-L', 14, 196, IN_1K],
  ['eva_l_psz14_336px_1k_ft_88p65.pt', 'EVA-L', 14, 336, IN_1K],
  ['eva_l_psz14_196px_21k_to_1k_ft_88p6.pt', 'EVA-L', 14, 196, IN_1K],
  ['eva_l_psz14_336px_21k_to_1k_ft_89p2.pt', 'EVA-L', 14, 336, IN_1K],
]

const eva02: readonly Row[] = [
  ['pt/eva02_Ti_pt_in21k_p14.pt', 'EVA-02-Ti', 14, 224, CLIP_G],
  ['pt/eva02_S_pt_in21k_p14.pt', 'EVA-02-S', 14, 224, CLIP_G],
  ['pt/eva02_B_pt_in21k_p14.pt', 'EVA-02-B', 14, 224, CLIP_G],
  ['pt/eva02_B_pt_in21k_p14to16.pt', 'EVA-02-B', 16, 224, CLIP_G],
  ['pt/eva02_L_pt_in21k_p14.pt', 'EVA-02-L', 14, 224, CLIP_G],
  ['pt/eva02_L_pt_in21k_p14to16.pt', 'EVA-02-L', 16, 224, CLIP_G],
  ['pt/eva02_L_pt_m38m_p14.pt', 'EVA-02-L', 14, 224, CLIP_G],
  ['pt/eva02_L_pt_m38m_p14to16.pt', 'EVA-02-L', 16, 224, CLIP_G],
  ['cls/in21k/eva02_B_pt_in21k_medft_in21k_p14.pt', 'EVA-02-B', 14, 448, IN_21K],
  ['cls/in21k/eva02_L_pt_in21k_medft_in21k_p14.pt', 'EVA-02-L', 14, 448, IN_21K],
  ['cls/in21k/eva02_L_pt_m38m_medft_in21k_p14.pt', 'EVA-02-L', 14, 448, IN_21K],
  ['cls/in1k/eva02_Ti_pt_in21k_ft_in1k_p14.pt', 'EVA-02-Ti', 14, 336, IN_1K],
  ['cls/in1k/eva02_S_pt_in21k_ft_in1k_p14.pt', 'EVA-02-S', 14, 336, IN_1K],
  ['cls/in1k/eva02_B_pt_in21k_ft_in1k_p14.pt', 'EVA-02-B', 14, 448, IN_1K],
  ['cls/in1k/eva02_L_pt_in21k_ft_in1k_p14.pt', 'EVA-02-L', 14, 448, IN_1K],
  ['cls/in1k/eva02_L_pt_m38m_ft_in1k_p14.pt', 'EVA-02-L', 14, 448, IN_1K],
  ['cls/in21k_to_in1k/eva02_B_pt_in21k_medft_in21k_ft_in1k_p14.pt', 'EVA-02-B', 14, 448, IN_1K],
  ['cls/in21k_to_in1k/eva02_L_pt_in21k_medft_in21k_ft_in1k_p14.pt', 'EVA-02-L', 14, 448, IN_1K],
  ['cls/in21k_to_in1k/eva02_L_pt_m38m_medft_in21k_ft_in1k_p14.pt', 'EVA-02-L', 14, 448, IN_1K],
]

const published = (repository: string, folder: string, rows: readonly Row[]) =>
  rows.map(([file, design, patchSize, imageSize, head]): [string, PublishedModel<EVAConfig>] => [
    file.replace(/^.*\//, '').replace(/\.pt$/, ''),
    { repository, file: folder + file, config: { ...bodyOf(designs[design], patchSize, imageSize), head } },
  ])

/**
 * The backbones of EVA and EVA-02 that were published, by the names of their files. Not among them: `eva_l_psz14.pt`,
 * which has the decoder of a masked autoencoder, and linear probes.
 */
export const evaModels: Readonly<Record<string, PublishedModel<EVAConfig>>> = Object.fromEntries([
  ...published('BAAI/EVA', '', eva01),
  ...published('Yuxin-CV/EVA-02', 'eva02/', eva02),
])
