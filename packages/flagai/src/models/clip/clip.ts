import {
  DualEncoder,
  type DualEncoderFamily,
  openDualEncoder,
  type PretrainedOptions,
} from '../dualEncoder.ts'
import { type CLIPConfig, parseCLIPConfig } from './config.ts'
import { clipParameters, imageEmbeds, textEmbeds } from './model.ts'

const family: DualEncoderFamily<CLIPConfig> = {
  name: 'CLIP',
  parseConfig: parseCLIPConfig,
  parameters: clipParameters,
  ignored: /position_ids$/,
  embedWidth: (config) => config.embedWidth,
  text: {
    vocabSize: ({ text }) => text.vocabSize,
    maxLength: ({ text }) => text.positions,
    padId: ({ text }) => text.endId,
    embeds: textEmbeds,
  },
  image: {
    size: ({ vision }) => vision.imageSize,
    channels: ({ vision }) => vision.channels,
    embeds: imageEmbeds,
  },
}

/**
 * CLIP (Radford et al. 2021, arXiv 2103.00020): English texts and pictures as vectors of one space.
 *
 * @example
 * const model = await CLIP.fromPretrained('openai/clip-vit-base-patch32')
 * const [{ label }] = await model.zeroShot('cat.png', ['a photo of a cat', 'a photo of a dog'])
 * await model.dispose()
 */
export class CLIP extends DualEncoder<CLIPConfig> {
  /**
   * Opens a model by its folder, or by its name on the Hugging Face hub, from which it is downloaded into the cache
   * once. The folder is laid out as OpenAI's models are published: `config.json`, weights as safetensors or torch files, `tokenizer.json` (or
   * `vocab.json` and `merges.txt`), `preprocessor_config.json`.
   *
   * Throws a FlagError that names the file, what was found and what was expected.
   */
  static async fromPretrained(idOrFolder: string, options: PretrainedOptions = {}): Promise<CLIP> {
    return new CLIP({ ...(await openDualEncoder(family, idOrFolder, options)), languages: ['en'] })
  }
}
