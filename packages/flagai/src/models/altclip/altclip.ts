import { imageEmbeds } from '../clip/model.ts'
import {
  DualEncoder,
  type DualEncoderFamily,
  openDualEncoder,
  type PretrainedOptions,
} from '../dualEncoder.ts'
import { knownModelOf } from '../folder.ts'
import { type AltCLIPConfig, parseAltCLIPConfig } from './config.ts'
import { altCLIPParameters } from './init.ts'
import { textEmbeds } from './model.ts'
import { ignored, spellings } from './weights.ts'

/** Longest text in tokens, `<s>` and `</s>` included, that AltCLIP was trained with. */
const TEXT_LENGTH = 77

const family: DualEncoderFamily<AltCLIPConfig> = {
  name: 'AltCLIP',
  parseConfig: parseAltCLIPConfig,
  parameters: altCLIPParameters,
  spellings,
  ignored,
  embedWidth: (config) => config.embedWidth,
  text: {
    vocabSize: ({ text }) => text.vocabSize,
    maxLength: ({ text }) => Math.min(TEXT_LENGTH, text.positions - text.padId - 1),
    padId: ({ text }) => text.padId,
    embeds: (scope, config, ids) => textEmbeds(scope, config, { ids }),
  },
  image: {
    size: ({ vision }) => vision.imageSize,
    channels: ({ vision }) => vision.channels,
    embeds: imageEmbeds,
  },
}

/**
 * AltCLIP (Chen et al. 2022, arXiv 2211.06679): texts of many languages and pictures as vectors of one space.
 *
 * @example
 * const model = await AltCLIP.fromPretrained('altclip-emoji-m12')
 * const [{ label }] = await model.zeroShot('cat.png', ['кошка', 'собака'])
 * await model.dispose()
 */
export class AltCLIP extends DualEncoder<AltCLIPConfig> {
  /**
   * Opens a model by its folder, by the name of the one that comes with this package (`altclip-emoji-m12`), or by its
   * name on the Hugging Face hub, from which it is downloaded into the cache once. The folder is laid out as published
   * (`config.json`, weights as safetensors or torch files, sharded or not, `sentencepiece.bpe.model` or
   * `tokenizer.json`, `preprocessor_config.json`) or as FlagAI's trainer saves it. Weights stay in their files, which
   * are mapped when first used.
   *
   * Throws a FlagError that names the file, what was found and what was expected.
   */
  static async fromPretrained(idOrFolder: string, options: PretrainedOptions = {}): Promise<AltCLIP> {
    const parts = await openDualEncoder(family, idOrFolder, options)
    const known = knownModelOf(idOrFolder) ?? knownModelOf(parts.folder)
    return new AltCLIP({ ...parts, languages: parts.config.languages ?? known?.languages ?? [] })
  }
}
