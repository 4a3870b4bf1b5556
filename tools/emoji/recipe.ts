/**
 * The recipe of `altclip-emoji-m12`: AltCLIP (Chen et al. 2022, arXiv 2211.06679) at small scale. A small English CLIP is
 * trained on emoji pictures and names; a twelve-language text tower learns to give that CLIP's text embedding; then it
 * is tuned against the pictures themselves, with the image tower frozen.
 */
import type { AltCLIPConfig } from '../../packages/flagai/src/models/altclip/config.ts'
import { LANGUAGES, type Language } from './concepts.ts'

export const SEED = 12

/** Pixels along one side of a picture, as rendered for training and as the model reads it. */
export const RENDER_SIZE = 64
export const IMAGE_SIZE = 48

/** Pieces of the tokenizer; XLM-R's ids add `<pad>` and `<mask>`. */
export const PIECES = 8000

/** Longest text in tokens, with `<s>` and `</s>`. */
export const TEXT_LENGTH = 24

const EMBED_WIDTH = 128
const TEACHER_WIDTH = 128

/** The published configuration, as config.json has it. */
export const modelConfig = {
  model_type: 'altclip',
  architectures: ['AltCLIPModel'],
  torch_dtype: 'float16',
  languages: [...LANGUAGES],
  projection_dim: EMBED_WIDTH,
  logit_scale_init_value: 2.6592,
  text_config: {
    model_type: 'altclip_text_model',
    vocab_size: PIECES + 2,
    hidden_size: 192,
    intermediate_size: 768,
    num_hidden_layers: 2,
    num_attention_heads: 6,
    max_position_embeddings: TEXT_LENGTH + 2,
    type_vocab_size: 1,
    hidden_act: 'gelu',
    layer_norm_eps: 1e-5,
    initializer_range: 0.02,
    pad_token_id: 1,
    bos_token_id: 0,
    eos_token_id: 2,
    project_dim: TEACHER_WIDTH,
  },
  vision_config: {
    model_type: 'altclip_vision_model',
    hidden_size: 128,
    intermediate_size: 512,
    num_hidden_layers: 6,
    num_attention_heads: 4,
    num_channels: 3,
    image_size: IMAGE_SIZE,
    patch_size: 8,
    hidden_act: 'quick_gelu',
    layer_norm_eps: 1e-5,
    initializer_range: 0.02,
  },
}

/** The English teacher's text tower. It is left behind when the student has learned from it. */
export const teacherConfig = (vocabSize: number): AltCLIPConfig['text'] => ({
  vocabSize,
  width: 128,
  mlpWidth: 512,
  layers: 2,
  heads: 4,
  positions: 12,
  tokenTypes: 1,
  activation: 'gelu',
  epsilon: 1e-5,
  padId: 1,
  teacherWidth: TEACHER_WIDTH,
  initializerRange: 0.02,
})

export const stages = {
  /**
   * Stage 0: pictures and English names. A third of the patches is left out until `wholeFrom`; the share of strongly
   * augmented pictures grows to `strong` over the first half.
   */
  clip: {
    steps: 9_000,
    wholeFrom: 0.9,
    keep: 2 / 3,
    batch: 128,
    texts: 256,
    strong: 0.5,
    keywords: 0.1,
    rate: 2e-3,
    decay: 0.05,
    warmup: 100,
    smoothing: 0.1,
  },
  /** Stage 1: the teacher's embedding of the English name, from the name in any language. */
  teacher: { steps: 3_000, batch: 192, rate: 1e-3, decay: 0.01, warmup: 200, templates: 0.1 },
  /** Stage 2: names and keywords against the frozen image tower's embeddings of every seen concept. */
  contrastive: {
    steps: 2_000,
    batch: 192,
    views: 4,
    rate: 5e-4,
    decay: 0.01,
    warmup: 100,
    templates: 0.1,
    keywords: 0.3,
    smoothing: 0.05,
  },
} as const

/** How people ask for a picture, besides naming the thing. */
export const templates: Readonly<Record<Language, readonly string[]>> = {
  en: ['a picture of {}', 'an emoji of {}', 'show me {}'],
  zh: ['{}的图片', '一张{}的图', '{}表情'],
  es: ['una imagen de {}', 'un emoji de {}', 'foto de {}'],
  fr: ['une image de {}', 'un émoji de {}', 'photo de {}'],
  ru: ['изображение: {}', 'картинка {}', 'эмодзи {}'],
  ar: ['صورة {}', 'رمز {}', 'رسم {}'],
  ja: ['{}の絵', '{}の写真', '{}の絵文字'],
  ko: ['{} 그림', '{} 사진', '{} 이모티콘'],
  it: ["un'immagine di {}", 'una emoji di {}', 'foto di {}'],
  de: ['ein Bild von {}', 'ein Emoji von {}', 'Foto von {}'],
  pt: ['uma imagem de {}', 'um emoji de {}', 'foto de {}'],
  hi: ['{} की तस्वीर', '{} का चित्र', '{} इमोजी'],
}
