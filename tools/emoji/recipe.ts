/**
 * The recipe of `altclip-emoji-m12`: AltCLIP (Chen et al. 2022, arXiv 2211.06679) at small scale. A small English CLIP is
 * trained on emoji pictures and names; a twelve-language text tower learns to give that CLIP's text embedding; then it
 * is tuned against the pictures themselves, with the image tower frozen.
 */
import type { AltCLIPConfig } from '../../packages/flagai/src/models/altclip/config.ts'

export const SEED = 12

/** Pixels along one side of a picture, as rendered for training and as the model reads it. */
export const RENDER_SIZE = 64
export const IMAGE_SIZE = 32

/** Longest text in tokens, with `<s>` and `</s>`. */
export const TEXT_LENGTH = 24

const EMBED_WIDTH = 128
const TEACHER_WIDTH = 128

/** The published configuration, as config.json has it. */
export const modelConfig = {
  model_type: 'altclip',
  architectures: ['AltCLIPModel'],
  projection_dim: EMBED_WIDTH,
  logit_scale_init_value: 2.6592,
  text_config: {
    model_type: 'altclip_text_model',
    vocab_size: 8002,
    hidden_size: 192,
    intermediate_size: 768,
    num_hidden_layers: 3,
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
    patch_size: 4,
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
  positions: 14,
  tokenTypes: 1,
  activation: 'gelu',
  epsilon: 1e-5,
  padId: 1,
  teacherWidth: TEACHER_WIDTH,
  initializerRange: 0.02,
})

export const stages = {
  /** Stage 0: pictures and English names, half of the patches left out at first. */
  clip: {
    steps: 9_000,
    wholeFrom: 0.85,
    batch: 128,
    texts: 384,
    rate: 2e-3,
    decay: 0.05,
    warmup: 100,
    smoothing: 0.1,
  },
  /** Stage 1: the teacher's embedding of the English name, from the name in any language. */
  teacher: { steps: 4_000, batch: 256, rate: 1.5e-3, decay: 0.01, warmup: 200 },
  /** Stage 2: names and keywords against the frozen image tower's embeddings of augmented pictures. */
  contrastive: { steps: 3_000, batch: 256, views: 4, rate: 5e-4, decay: 0.01, warmup: 100 },
} as const
