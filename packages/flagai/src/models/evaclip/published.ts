import type { PublishedModel } from '../published.ts'
import { type EVACLIPConfig, evaCLIPConfig } from './config.ts'

const base = { width: 512, layers: 12 }
const large = { width: 768, layers: 12 }
const huge = { width: 1024, layers: 24 }
const giant = { width: 1280, layers: 32 }

/** The EVA-CLIP models that were published, by the names of their configurations. */
export const evaCLIPModels: Readonly<Record<string, PublishedModel<EVACLIPConfig>>> = {
  'EVA01-CLIP-g-14': {
    repository: 'QuanSun/EVA-CLIP',
    file: 'EVA01_CLIP_g_14_psz14_s11B.pt',
    config: evaCLIPConfig('EVA-g', large, 1024),
  },
  'EVA01-CLIP-g-14-plus': {
    repository: 'QuanSun/EVA-CLIP',
    file: 'EVA01_CLIP_g_14_plus_psz14_s11B.pt',
    config: evaCLIPConfig('EVA-g', huge, 1024),
  },
  'EVA02-CLIP-B-16': {
    repository: 'QuanSun/EVA-CLIP',
    file: 'EVA02_CLIP_B_psz16_s8B.pt',
    config: evaCLIPConfig('EVA-02-CLIP-B', base, 512, { patchSize: 16 }),
  },
  'EVA02-CLIP-L-14': {
    repository: 'QuanSun/EVA-CLIP',
    file: 'EVA02_CLIP_L_psz14_s4B.pt',
    config: evaCLIPConfig('EVA-02-CLIP-L', large, 768),
  },
  'EVA02-CLIP-L-14-336': {
    repository: 'QuanSun/EVA-CLIP',
    file: 'EVA02_CLIP_L_336_psz14_s6B.pt',
    config: evaCLIPConfig('EVA-02-CLIP-L', large, 768, { imageSize: 336 }),
  },
  'EVA02-CLIP-bigE-14': {
    repository: 'QuanSun/EVA-CLIP',
    file: 'EVA02_CLIP_E_psz14_s4B.pt',
    config: evaCLIPConfig('EVA-02-CLIP-E', huge, 1024),
  },
  'EVA02-CLIP-bigE-14-plus': {
    repository: 'QuanSun/EVA-CLIP',
    file: 'EVA02_CLIP_E_psz14_plus_s9B.pt',
    config: evaCLIPConfig('EVA-02-CLIP-E', giant, 1024),
  },
  'EVA-CLIP-8B': {
    repository: 'BAAI/EVA-CLIP-8B',
    file: 'EVA_CLIP_8B_psz14_s9B.pt',
    config: evaCLIPConfig('EVA-CLIP-8B', giant, 1280),
  },
  'EVA-CLIP-8B-448': {
    repository: 'BAAI/EVA-CLIP-8B-448',
    file: 'EVA_CLIP_8B_psz14_plus_s0.6B.pt',
    config: evaCLIPConfig('EVA-CLIP-8B', giant, 1280, { imageSize: 448 }),
  },
  'EVA-CLIP-18B': {
    repository: 'BAAI/EVA-CLIP-18B',
    file: 'EVA_CLIP_18B_psz14_s6B.fp16.pt',
    config: evaCLIPConfig('EVA-CLIP-18B', giant, 1536),
  },
}
