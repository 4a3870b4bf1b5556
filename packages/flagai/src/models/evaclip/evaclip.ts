import { FlagError, openCheckpoint } from '@flag/core-tensor'
import { ImageProcessor } from '../../preprocess/index.ts'
import { ClipTokenizer, openTokenizer, type Tokenizer } from '../../tokenizers/index.ts'
import { DualEncoder, type DualEncoderFamily, type PretrainedOptions, withWeights } from '../dualEncoder.ts'
import { type ModelSource, modelSource } from '../source.ts'
import { type EVACLIPConfig, parseEVACLIPConfig } from './config.ts'
import { inferEVACLIPConfig } from './infer.ts'
import { encodeImage, encodeText } from './model.ts'
import { evaCLIPParameters, evaCLIPSpellings } from './parameters.ts'
import { evaCLIPModels } from './published.ts'
import { ignored } from './weights.ts'

const family: DualEncoderFamily<EVACLIPConfig> = {
  name: 'EVA-CLIP',
  parseConfig: parseEVACLIPConfig,
  parameters: evaCLIPParameters,
  spellings: evaCLIPSpellings,
  ignored,
  embedWidth: (config) => config.embedWidth,
  text: {
    vocabSize: ({ text }) => text.vocabSize,
    maxLength: ({ text }) => text.positions,
    padId: () => 0,
    embeds: (scope, config, ids) => encodeText(scope, config, ids).embeds,
  },
  image: {
    size: ({ vision }) => vision.imageSize,
    channels: () => 3,
    embeds: (scope, config, pixels) => encodeImage(scope, config, pixels).embeds,
  },
}

const weights = [
  'open_clip_model.safetensors',
  'open_clip_pytorch_model.bin',
  'model.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
]
const configs = ['open_clip_config.json', 'config.json']

export interface EVACLIPOptions extends PretrainedOptions {
  /** The configuration, or the name of a published model that has it. Default: found beside the weights or in them. */
  config?: EVACLIPConfig | keyof typeof evaCLIPModels
  /** Pixels of a side that pictures are brought to. Default: what the model was trained with. */
  imageSize?: number
}

/**
 * EVA-CLIP (Sun et al. 2023, arXiv 2303.15389, and 2024, arXiv 2402.04252): English texts and pictures as vectors of
 * one space. Pictures are prepared as the original code does: resized in their own mode and only then brought to RGB.
 *
 * @example
 * const model = await EVACLIP.fromPretrained('EVA02_CLIP_B_psz16_s8B.pt')
 * const [{ label }] = await model.zeroShot('cat.png', ['a photo of a cat', 'a photo of a dog'])
 * await model.dispose()
 */
export class EVACLIP extends DualEncoder<EVACLIPConfig> {
  /**
   * Opens a model by the file of its weights, by its folder, by the name of a published model (see `evaCLIPModels`), or
   * by that of a repository on the Hugging Face hub, which are downloaded into the cache once. Files of the original
   * repository need nothing beside them: their configuration is told from their name and tensors, and CLIP's vocabulary
   * comes with this package. Files of open_clip (`open_clip_config.json`) and of the modelling code of BAAI/EVA-CLIP-8B
   * (`config.json`) are opened, too.
   *
   * Throws a FlagError that names the file, what was found and what was expected.
   */
  static async fromPretrained(idOrPath: string, options: EVACLIPOptions = {}): Promise<EVACLIP> {
    const source = await modelSource(idOrPath, { models: evaCLIPModels, weights, configs, hub: options })
    const config = configOf(options.config) ?? (await configAt(source))
    const size = options.imageSize ?? config.vision.imageSize
    const processor = ImageProcessor.fromConfig(
      { size, crop_size: size },
      { cropConvention: 'torchvision', keepMode: true },
    )
    const tokenizer = await tokenizerOf(source.folder)
    const parts = await withWeights({ family, config, tokenizer, processor, options }, source.weights)
    return new EVACLIP({ ...parts, languages: ['en'] })
  }
}

function configOf(config: EVACLIPOptions['config']): EVACLIPConfig | undefined {
  if (typeof config !== 'string') return config as EVACLIPConfig | undefined
  if (Object.hasOwn(evaCLIPModels, config)) return evaCLIPModels[config].config
  throw new FlagError('invalid-argument', `config: no published EVA-CLIP is called "${config}"`, {
    hint: `known: ${Object.keys(evaCLIPModels).join(', ')}`,
  })
}

/** What is said beside the weights, else what their file's name or, failing that, their tensors tell. */
async function configAt(source: ModelSource<EVACLIPConfig>): Promise<EVACLIPConfig> {
  if (source.config) return parseEVACLIPConfig(source.config.json, source.config.file)
  if (source.published) return source.published.config
  const checkpoint = await openCheckpoint(source.weights)
  try {
    return inferEVACLIPConfig(checkpoint, source.weights)
  } finally {
    await checkpoint.close()
  }
}

/** The tokenizer that lies beside the weights, or CLIP's, which all published models have. */
async function tokenizerOf(folder: string): Promise<Tokenizer> {
  return openTokenizer(folder).catch((error: unknown) => {
    if (error instanceof FlagError && error.code === 'not-found') return ClipTokenizer.embedded()
    throw error
  })
}
