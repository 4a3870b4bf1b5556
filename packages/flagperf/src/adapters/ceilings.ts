import type { Ceiling, Extent } from './adapter.ts'

const MB = 2 ** 20

interface Sizes {
  readonly matrices: readonly number[]
  /** Bytes of the arrays that passes go through and that are sent. */
  readonly array: number
  readonly nodes: number
  /** Bytes beyond which no larger array is tried. */
  readonly capacity: number
}

const gemm = (dtype: NonNullable<Ceiling['dtype']>, sizes: readonly number[]): Ceiling[] =>
  sizes.map((size) => ({ probe: 'gemm', dtype, size }))

const hostSizes: Readonly<Record<Extent, Sizes>> = {
  check: { matrices: [64], array: MB, nodes: 50, capacity: 64 * MB },
  quick: { matrices: [256, 512, 1024], array: 64 * MB, nodes: 2000, capacity: 1024 * MB },
  normal: { matrices: [256, 512, 1024, 2048], array: 256 * MB, nodes: 2000, capacity: 4096 * MB },
  submission: { matrices: [256, 512, 1024, 2048, 4096], array: 1024 * MB, nodes: 2000, capacity: 16384 * MB },
}

/** Ceilings of processors: matrices from those that fit into the caches to those that do not. */
export function hostCeilings(extent: Extent): Ceiling[] {
  const { matrices, array, nodes, capacity } = hostSizes[extent]
  const largest = matrices.slice(-1)
  return [
    ...gemm('float32', matrices),
    ...gemm('float16', largest),
    ...gemm('int8', largest),
    ...gemm('int4', largest),
    { probe: 'memory', size: array },
    { probe: 'memory-add', size: array },
    { probe: 'transfer-out', size: array },
    { probe: 'launch', size: nodes },
    { probe: 'capacity', size: capacity },
  ]
}

const deviceSizes: Readonly<Record<Extent, Sizes>> = {
  check: { matrices: [64], array: MB, nodes: 20, capacity: 64 * MB },
  quick: { matrices: [1024, 2048, 4096], array: 512 * MB, nodes: 500, capacity: 8192 * MB },
  normal: { matrices: [1024, 2048, 4096, 8192], array: 1024 * MB, nodes: 1000, capacity: 65536 * MB },
  submission: { matrices: [1024, 2048, 4096, 8192], array: 1024 * MB, nodes: 1000, capacity: 262144 * MB },
}

/** Ceilings of devices with a memory of their own. Arrays have to be larger than their caches, which are tens of megabytes. */
export function deviceCeilings(
  extent: Extent,
  dtypes: readonly NonNullable<Ceiling['dtype']>[] = ['float32', 'float16', 'int4'],
): Ceiling[] {
  const { matrices, array, nodes, capacity } = deviceSizes[extent]
  return [
    ...dtypes.flatMap((dtype) => gemm(dtype, dtype.startsWith('int') ? matrices.slice(-1) : matrices)),
    { probe: 'memory', size: array },
    { probe: 'memory-add', size: array },
    { probe: 'transfer-in', size: array / 4 },
    { probe: 'transfer-out', size: array / 4 },
    { probe: 'launch', size: nodes },
    { probe: 'capacity', size: capacity },
  ]
}
