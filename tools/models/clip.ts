// Writes CLIP ViT-B/32 at its real size (151 M parameters, 605 MB) with random weights and CLIP's own vocabulary:
//   node --import tsx tools/models/clip.ts FOLDER          writes FOLDER/clip-b32
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { parseCLIPConfig } from '../../packages/flagai/src/models/clip/config.ts'
import { clipParameters } from '../../packages/flagai/src/models/clip/model.ts'
import { json, writeRandomModel } from './random.ts'

const [BEGIN, END] = ['<|startoftext|>', '<|endoftext|>']

const config = {
  model_type: 'clip',
  architectures: ['CLIPModel'],
  projection_dim: 512,
  text_config: { vocab_size: 49408, hidden_size: 512, bos_token_id: 49406, eos_token_id: 49407 },
  vision_config: { hidden_size: 768, image_size: 224, patch_size: 32 },
}

const preprocessor = {
  image_processor_type: 'CLIPImageProcessor',
  feature_extractor_type: 'CLIPFeatureExtractor',
  do_resize: true,
  size: { shortest_edge: 224 },
  resample: 3,
  do_center_crop: true,
  crop_size: { height: 224, width: 224 },
  do_rescale: true,
  rescale_factor: 1 / 255,
  do_normalize: true,
  image_mean: [0.48145466, 0.4578275, 0.40821073],
  image_std: [0.26862954, 0.26130258, 0.27577711],
  do_convert_rgb: true,
}

/** CLIP's vocabulary as a `tokenizer.json`: bytes, bytes that end a word, merges in their order, two marks. */
async function tokenizer(): Promise<object> {
  const file = fileURLToPath(new URL('../../packages/flagai/models/clip-bpe/merges.txt.gz', import.meta.url))
  const lines = gunzipSync(await readFile(file))
    .toString('utf8')
    .split('\n')
  // The first line names the file's version.
  const merges = lines.slice(1).filter((line) => /^\S+ \S+$/.test(line))
  const shows = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff)
  let next = 256
  const bytes = Array.from({ length: 256 }, (_, byte) =>
    String.fromCodePoint(shows(byte) ? byte : next++),
  ).sort()
  const symbols = [
    ...bytes,
    ...bytes.map((symbol) => `${symbol}</w>`),
    ...merges.map((merge) => merge.replace(' ', '')),
    BEGIN,
    END,
  ]
  const vocab = Object.fromEntries(symbols.map((symbol, id) => [symbol, id]))
  const mark = (content: string) => ({
    id: vocab[content],
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  })
  const words = "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+"
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [mark(BEGIN), mark(END)],
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFC' },
        { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
        { type: 'Lowercase' },
      ],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: words }, behavior: 'Removed', invert: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      ],
    },
    post_processor: {
      type: 'RobertaProcessing',
      sep: [END, vocab[END]],
      cls: [BEGIN, vocab[BEGIN]],
      trim_offsets: false,
      add_prefix_space: false,
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: END,
      continuing_subword_prefix: '',
      end_of_word_suffix: '</w>',
      fuse_unk: false,
      byte_fallback: false,
      vocab,
      merges,
    },
  }
}

/** Writes the model below `folder` and gives its path. */
export async function writeCLIP(folder: string): Promise<string> {
  return writeRandomModel(join(folder, 'clip-b32'), 'safetensors', clipParameters(parseCLIPConfig(config)), {
    'config.json': json(config),
    'preprocessor_config.json': json(preprocessor),
    'tokenizer.json': JSON.stringify(await tokenizer()),
    'tokenizer_config.json': json({
      tokenizer_class: 'CLIPTokenizer',
      model_max_length: 77,
      bos_token: BEGIN,
      eos_token: END,
      pad_token: END,
      unk_token: END,
    }),
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2]
  if (folder === undefined) {
    process.stderr.write('usage: node --import tsx tools/models/clip.ts FOLDER\n')
    process.exit(2)
  }
  process.stdout.write(`${await writeCLIP(folder)}\n`)
}
