// Writes AltCLIP at its real size (864 M parameters, 3.46 GB) with random weights, as a torch file and as safetensors,
// in two folders that any tool opens:
//   node --import tsx tools/models/altclip.ts FOLDER     writes FOLDER/altclip-torch and FOLDER/altclip-safetensors
// The tokenizer is that of the embedded model, filled up with pieces that no text has to the 250,000 of XLM-R, so that
// opening it takes as long as opening the real one. What is there already is left as it is.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decodeMessage, encodeMessage } from '../../packages/core-tensor/src/index.ts'
import { parseAltCLIPConfig } from '../../packages/flagai/src/models/altclip/config.ts'
import { altCLIPParameters } from '../../packages/flagai/src/models/altclip/init.ts'
import { Model } from '../../packages/flagai/src/tokenizers/modelProto.ts'
import { json, writeRandomModel } from './random.ts'

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
  const files = {
    'config.json': json(config),
    'preprocessor_config.json': json(preprocessor),
    'sentencepiece.bpe.model': await fullTokenizer(),
  }
  return {
    torch: await writeRandomModel(join(folder, 'altclip-torch'), 'torch', table, files),
    safetensors: await writeRandomModel(join(folder, 'altclip-safetensors'), 'safetensors', table, files),
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2]
  if (folder === undefined) {
    process.stderr.write('usage: node --import tsx tools/models/altclip.ts FOLDER\n')
    process.exit(2)
  }
  process.stdout.write(`${JSON.stringify(await writeAltCLIP(folder), null, 2)}\n`)
}
