// Writes AltCLIP at its real size (864 M parameters, 3.46 GB) with random weights, as a torch file and as safetensors,
// in two folders that any tool opens:
//   node --import tsx tools/models/altclip.ts FOLDER        writes FOLDER/torch and FOLDER/safetensors
// The tokenizer is that of the embedded model, filled up with pieces that no text has to the 250,000 of XLM-R, so that
// opening it takes as long as opening the real one. What is there already is left as it is.
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeSafetensorsStreams } from '../../packages/core-tensor/src/checkpoint/safetensors.ts'
import type { TensorStream } from '../../packages/core-tensor/src/checkpoint/stream.ts'
import { writeTorch } from '../../packages/core-tensor/src/checkpoint/torchWriter.ts'
import { decodeMessage, encodeMessage } from '../../packages/core-tensor/src/index.ts'
import { parseAltCLIPConfig } from '../../packages/flagai/src/models/altclip/config.ts'
import { altCLIPParameters } from '../../packages/flagai/src/models/altclip/init.ts'
import type { ParameterSpec } from '../../packages/flagai/src/models/parameters.ts'
import { Model } from '../../packages/flagai/src/tokenizers/modelProto.ts'

/** The configuration of AltCLIP and AltCLIP-m9: XLM-R large and CLIP ViT-L/14. */
const config = {
  model_type: 'altclip',
  architectures: ['AltCLIPModel'],
  projection_dim: 768,
  logit_scale_init_value: 2.6592,
  text_config: {
    model_type: 'altclip_text_model',
    vocab_size: 250002,
    hidden_size: 1024,
    intermediate_size: 4096,
    num_hidden_layers: 24,
    num_attention_heads: 16,
    max_position_embeddings: 514,
    type_vocab_size: 1,
    hidden_act: 'gelu',
    layer_norm_eps: 1e-5,
    pad_token_id: 1,
    bos_token_id: 0,
    eos_token_id: 2,
    project_dim: 768,
  },
  vision_config: {
    model_type: 'altclip_vision_model',
    hidden_size: 1024,
    intermediate_size: 4096,
    num_hidden_layers: 24,
    num_attention_heads: 16,
    image_size: 224,
    patch_size: 14,
    hidden_act: 'quick_gelu',
    layer_norm_eps: 1e-5,
    projection_dim: 768,
  },
}

const preprocessor = {
  image_processor_type: 'CLIPImageProcessor',
  size: { shortest_edge: 224 },
  crop_size: { height: 224, width: 224 },
  resample: 3,
}

const XLMR_PIECES = 250_000
const PIECE = 2 ** 22

/** A parameter as a stream of random numbers of its deviation; xorshift32, seeded by its place in the table. */
function randomStream(name: string, { shape, initial }: ParameterSpec, place: number): TensorStream {
  const size = shape.reduce((product, dim) => product * dim, 1)
  const pieces = function* () {
    let state = (place + 1) * 0x9e3779b1
    for (let done = 0; done < size; done += PIECE) {
      const values = new Float32Array(Math.min(PIECE, size - done))
      if ('constant' in initial) values.fill(initial.constant)
      else {
        // Uniform numbers of this deviation lie between ± std √3.
        const scale = (initial.std * Math.sqrt(3)) / 2 ** 31
        for (let i = 0; i < values.length; i++) {
          state ^= state << 13
          state ^= state >>> 17
          state ^= state << 5
          values[i] = state * scale
        }
      }
      yield new Uint8Array(values.buffer)
    }
  }
  return { name, dtype: 'float32', shape, pieces }
}

/** The embedded model's tokenizer with as many pieces as XLM-R's. */
async function fullTokenizer(): Promise<Uint8Array> {
  const file = fileURLToPath(
    new URL('../../packages/flagai/models/altclip-emoji-m12/sentencepiece.bpe.model', import.meta.url),
  )
  const model = decodeMessage(Model, await readFile(file))
  const pieces = [...(model.pieces ?? [])]
  // Private-use characters: no text has them, and each piece is another one.
  for (let i = pieces.length; i < XLMR_PIECES; i++) {
    const [high, low] = [0xf0000 + (i >> 9), 0x100000 + (i & 511)]
    pieces.push({ piece: String.fromCodePoint(high, low), score: -20 - i / XLMR_PIECES })
  }
  const trainer = { ...model.trainer_spec, vocab_size: pieces.length }
  return encodeMessage(Model, { ...model, pieces, trainer_spec: trainer })
}

/** Writes both folders below `folder` and gives their paths. */
export async function writeAltCLIP(folder: string): Promise<{ torch: string; safetensors: string }> {
  const table = altCLIPParameters(parseAltCLIPConfig(config))
  const streams = Object.entries(table).map(([name, spec], place) => randomStream(name, spec, place))
  const formats = {
    torch: (path: string) => writeTorch(join(path, 'pytorch_model.bin'), streams),
    safetensors: (path: string) =>
      writeSafetensorsStreams(join(path, 'model.safetensors'), streams, { format: 'pt' }),
  }
  const tokenizer = await fullTokenizer()
  for (const [format, write] of Object.entries(formats)) {
    const path = join(folder, format)
    // Written last, so that a folder that has it is complete.
    if (existsSync(join(path, 'config.json'))) continue
    await mkdir(path, { recursive: true })
    await write(path)
    await writeFile(join(path, 'sentencepiece.bpe.model'), tokenizer)
    await writeFile(join(path, 'preprocessor_config.json'), JSON.stringify(preprocessor, null, 2))
    await writeFile(join(path, 'config.json'), JSON.stringify(config, null, 2))
  }
  return { torch: join(folder, 'torch'), safetensors: join(folder, 'safetensors') }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2]
  if (folder === undefined) {
    process.stderr.write('usage: node --import tsx tools/models/altclip.ts FOLDER\n')
    process.exit(2)
  }
  process.stdout.write(`${JSON.stringify(await writeAltCLIP(folder), null, 2)}\n`)
}
