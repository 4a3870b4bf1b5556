import { message } from '@flag/core-tensor'

/** `sentencepiece_model.proto` of SentencePiece: the fields that readers and writers of models need. */
export interface PieceProto {
  piece?: string
  score?: number
  type?: number | bigint
}

export interface TrainerSpec {
  model_type?: number | bigint
  vocab_size?: number | bigint
  character_coverage?: number
  max_sentencepiece_length?: number | bigint
  treat_whitespace_as_suffix?: number | bigint
  byte_fallback?: number | bigint
  unk_id?: number | bigint
  bos_id?: number | bigint
  eos_id?: number | bigint
  pad_id?: number | bigint
  unk_surface?: string
  unk_piece?: string
  bos_piece?: string
  eos_piece?: string
  pad_piece?: string
}

export interface NormalizerSpec {
  name?: string
  precompiled_charsmap?: Uint8Array
  add_dummy_prefix?: number | bigint
  remove_extra_whitespaces?: number | bigint
  escape_whitespaces?: number | bigint
}

export interface ModelProto {
  pieces?: PieceProto[]
  trainer_spec?: TrainerSpec
  normalizer_spec?: NormalizerSpec
  denormalizer_spec?: NormalizerSpec
}

const Piece = message<PieceProto>('SentencePiece', {
  piece: [1, 'string'],
  score: [2, 'float'],
  type: [3, 'int'],
})

const Trainer = message<TrainerSpec>('TrainerSpec', {
  model_type: [3, 'int'],
  vocab_size: [4, 'int'],
  character_coverage: [10, 'float'],
  max_sentencepiece_length: [20, 'int'],
  treat_whitespace_as_suffix: [24, 'int'],
  byte_fallback: [35, 'int'],
  unk_id: [40, 'int'],
  bos_id: [41, 'int'],
  eos_id: [42, 'int'],
  pad_id: [43, 'int'],
  unk_surface: [44, 'string'],
  unk_piece: [45, 'string'],
  bos_piece: [46, 'string'],
  eos_piece: [47, 'string'],
  pad_piece: [48, 'string'],
})

const Normalizer = message<NormalizerSpec>('NormalizerSpec', {
  name: [1, 'string'],
  precompiled_charsmap: [2, 'bytes'],
  add_dummy_prefix: [3, 'int'],
  remove_extra_whitespaces: [4, 'int'],
  escape_whitespaces: [5, 'int'],
})

export const Model = message<ModelProto>('ModelProto', {
  pieces: [1, () => Piece, 'repeated'],
  trainer_spec: [2, () => Trainer],
  normalizer_spec: [3, () => Normalizer],
  denormalizer_spec: [5, () => Normalizer],
})

export const ModelType = { unigram: 1, bpe: 2, word: 3, char: 4 } as const

export const PieceType = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const
