import { FlagError } from '@flag/core-tensor'
import * as z from 'zod'

/** The vision transformer that EVA's classifiers, its masked image models and EVA-CLIP's image towers share. */
export interface EVABody {
  readonly width: number
  readonly layers: number
  readonly heads: number
  readonly mlpWidth: number
  readonly patchSize: number
  /** Pixels of a side that the learned positions in the file stand for. */
  readonly imageSize: number
  /** Patches of a side. */
  readonly grid: number
  /** One layer for queries, keys and values, or three. */
  readonly attention: 'fused' | 'split'
  /** `qv`: parameters q_bias and v_bias; `qkv`: as MAE has it, in EVA-L. */
  readonly attentionBias: 'qv' | 'qkv' | 'none'
  /** A normalisation before attention's last layer. */
  readonly attentionNorm: boolean
  readonly mlp: 'gelu' | 'swiglu' | 'packed-swiglu'
  /** A normalisation before the feed-forward part's last layer. */
  readonly mlpNorm: boolean
  readonly norm: 'layer' | 'rms'
  /** Normalise what attention and the feed-forward part give, rather than what they take. */
  readonly postNorm: boolean
  /** Patches of a side that rotary positions are scaled to; undefined for a model without them. */
  readonly rotaryGrid: number | undefined
  readonly epsilon: number
}

/** What a backbone was trained to give. */
export type EVAHead =
  | { readonly kind: 'classes'; readonly classes: number }
  /** Features of a teacher for every patch, some of which are masked. */
  | { readonly kind: 'patches'; readonly width: number }
  /** Nothing: a bare backbone, which ends with the named normalisation. */
  | { readonly kind: 'features'; readonly norm: 'norm' | 'fc_norm' }

export interface EVAConfig extends EVABody {
  readonly head: EVAHead
}

type Size = Pick<EVABody, 'width' | 'layers' | 'heads' | 'mlpWidth'>
type Design = Omit<EVABody, keyof Size | 'patchSize' | 'imageSize' | 'grid'>

const eva01: Design = {
  attention: 'fused',
  attentionBias: 'qv',
  attentionNorm: false,
  mlp: 'gelu',
  mlpNorm: false,
  norm: 'layer',
  postNorm: false,
  rotaryGrid: undefined,
  epsilon: 1e-6,
}
const eva02: Design = { ...eva01, mlp: 'packed-swiglu', rotaryGrid: 16 }
const eva02Split: Design = { ...eva02, attention: 'split', mlp: 'swiglu', mlpNorm: true }
const eva02Clip: Design = { ...eva02Split, attentionNorm: true }
const enormous: Design = { ...eva01, postNorm: true }
const rms: Design = { ...eva01, norm: 'rms', attentionBias: 'none' }

const size = (width: number, layers: number, heads: number, mlpWidth: number): Size => ({
  width,
  layers,
  heads,
  mlpWidth,
})

/** The published vision transformers, without their patch and picture sizes. */
export const designs = {
  'EVA-g': { ...eva01, ...size(1408, 40, 16, 6144) },
  'EVA-L': { ...eva01, attentionBias: 'qkv', ...size(1024, 24, 16, 4096) },
  'EVA-02-Ti': { ...eva02, ...size(192, 12, 3, 512) },
  'EVA-02-S': { ...eva02, ...size(384, 12, 6, 1024) },
  'EVA-02-B': { ...eva02Split, ...size(768, 12, 12, 2048) },
  'EVA-02-L': { ...eva02Split, ...size(1024, 24, 16, 2730) },
  'EVA-02-CLIP-B': { ...eva02Clip, ...size(768, 12, 12, 2048) },
  'EVA-02-CLIP-L': { ...eva02Clip, ...size(1024, 24, 16, 2730) },
  'EVA-02-CLIP-E': { ...enormous, ...size(1792, 64, 16, 15360) },
  'EVA-CLIP-8B': { ...rms, ...size(4096, 32, 32, 20480) },
  'EVA-CLIP-18B': { ...rms, postNorm: true, ...size(5120, 48, 40, 25600) },
} as const satisfies Record<string, Design & Size>

export type DesignName = keyof typeof designs

/** A design at a patch size and a picture size. */
export const bodyOf = (design: Design & Size, patchSize: number, imageSize: number): EVABody => ({
  ...design,
  patchSize,
  imageSize,
  grid: Math.floor(imageSize / patchSize),
})

/** The names that timm and the original code give to architectures, by how they begin. */
const architectures: readonly (readonly [RegExp, DesignName])[] = [
  [/^eva_(giant|g)_/, 'EVA-g'],
  [/^eva_(large|l)_/, 'EVA-L'],
  [/^eva02_tiny_/, 'EVA-02-Ti'],
  [/^eva02_small_/, 'EVA-02-S'],
  [/^eva02_base_.*clip/, 'EVA-02-CLIP-B'],
  [/^eva02_base_/, 'EVA-02-B'],
  [/^eva02_large_.*clip/, 'EVA-02-CLIP-L'],
  [/^eva02_large_/, 'EVA-02-L'],
  [/^eva02_enormous_/, 'EVA-02-CLIP-E'],
]

/** The body of an architecture such as `eva02_base_patch14_448`; undefined when the name is not known. */
export function bodyOfArchitecture(name: string): EVABody | undefined {
  const design = architectures.find(([pattern]) => pattern.test(name))?.[1]
  if (design === undefined) return undefined
  const patchSize = Number(/patch(\d+)/.exec(name)?.[1] ?? 14)
  return bodyOf(designs[design], patchSize, Number(/_(\d{3,})\b/.exec(name)?.[1] ?? 224))
}

const count = z.number().int().positive()
const schema = z.object({
  architecture: z.string(),
  num_classes: z.number().int().nonnegative().optional(),
  global_pool: z.string().optional(),
  model_args: z
    .object({
      img_size: count,
      patch_size: count,
      embed_dim: count,
      depth: count,
      num_heads: count,
      mlp_ratio: z.number().positive(),
      ref_feat_shape: z.tuple([count, count]),
      predict_feature_dim: count,
      num_classes: z.number().int().nonnegative(),
    })
    .partial()
    .optional(),
})

/**
 * Reads a `config.json` as timm writes it: an `architecture` of timm or of the original code, `num_classes` and, where
 * they differ from the architecture's, `model_args`; `predict_feature_dim`, the original code's name for the width of
 * the teacher, makes it a masked image model. Throws `invalid-argument` saying which field is wrong, `unsupported` for
 * an architecture that is not one of EVA.
 */
export function parseEVAConfig(json: unknown, file = 'config.json'): EVAConfig {
  const parsed = schema.safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new FlagError(
      'invalid-argument',
      `${file}: ${issue.path.join('.') || 'content'}: ${issue.message}`,
      {
        hint: 'expected the fields that timm writes: architecture, num_classes, model_args',
      },
    )
  }
  const { architecture, model_args: args = {}, ...fields } = parsed.data
  const body = bodyOfArchitecture(architecture)
  if (body === undefined) {
    throw new FlagError('unsupported', `${file}: architecture is ${JSON.stringify(architecture)}`, {
      hint: 'EVA opens eva_giant_*, eva_large_*, eva02_{tiny,small,base,large}_* and the names of the original code',
    })
  }
  const width = args.embed_dim ?? body.width
  const heads = args.num_heads ?? body.heads
  if (width % heads !== 0 || (body.rotaryGrid !== undefined && (width / heads) % 4 !== 0)) {
    throw new FlagError(
      'invalid-argument',
      `${file}: model_args.num_heads: ${heads} heads do not fit ${width}`,
    )
  }
  const resized = bodyOf(
    {
      ...body,
      width,
      heads,
      layers: args.depth ?? body.layers,
      mlpWidth: Math.trunc(width * (args.mlp_ratio ?? body.mlpWidth / body.width)),
      rotaryGrid: body.rotaryGrid && (args.ref_feat_shape?.[0] ?? body.rotaryGrid),
    },
    args.patch_size ?? body.patchSize,
    args.img_size ?? body.imageSize,
  )
  const classes = args.num_classes ?? fields.num_classes ?? 1000
  const head: EVAHead =
    args.predict_feature_dim !== undefined
      ? { kind: 'patches', width: args.predict_feature_dim }
      : classes > 0
        ? { kind: 'classes', classes }
        : { kind: 'features', norm: fields.global_pool === 'avg' ? 'fc_norm' : 'norm' }
  return { ...resized, head }
}
