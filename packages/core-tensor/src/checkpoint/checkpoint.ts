import { FlagError } from '../errors.ts'
import type { NumericDType } from '../tensor/dtype.ts'
import type { Shape, Tensor } from '../tensor/tensor.ts'

/** A tensor in a checkpoint, described without reading it. */
export interface StoredTensor {
  readonly name: string
  readonly dtype: NumericDType
  readonly shape: Shape
  /** Where its raw, contiguous, row-major, little-endian bytes lie; absent when they lie in another form. */
  readonly source?: { readonly path: string; readonly offset: number; readonly byteLength: number }
  /** Reads it, from whatever form it is kept in. */
  read?(): Promise<Tensor>
}

/** Named tensors in one or several files, opened lazily. */
export interface Checkpoint {
  readonly names: readonly string[]
  /** What the file says about itself, as strings; empty for formats that say nothing. */
  readonly metadata?: Readonly<Record<string, string>>
  has(name: string): boolean
  /** Throws `not-found` for an unknown name. */
  info(name: string): StoredTensor
  read(name: string): Promise<Tensor>
  close(): Promise<void>
}

/** A tensor as a format's reader finds it. */
export interface Entry extends StoredTensor {
  read(): Promise<Tensor>
}

/** What a format's reader finds in one file. */
export interface Contents {
  readonly entries: readonly Entry[]
  readonly metadata?: Readonly<Record<string, string>>
}

/** Entries as a checkpoint; `path` names it in errors. */
export function checkpointOf(
  path: string,
  { entries, metadata }: Contents,
  close: () => Promise<void>,
): Checkpoint {
  const byName = new Map(entries.map((entry) => [entry.name, entry]))
  const find = (name: string): Entry => {
    const entry = byName.get(name)
    if (!entry) {
      throw new FlagError('not-found', `${path}: no tensor is named "${name}"`, {
        hint: `it holds ${byName.size} tensors${byName.size > 0 ? `, the first is ${entries[0].name}` : ''}`,
      })
    }
    return entry
  }
  return {
    names: [...byName.keys()],
    metadata: metadata ?? {},
    has: (name) => byName.has(name),
    info: find,
    read: async (name) => find(name).read(),
    close,
  }
}
