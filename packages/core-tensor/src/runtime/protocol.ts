import type { DType } from '../tensor/dtype.ts'
import type { SessionCore } from './session-core.mjs'

/** A tensor as it crosses a thread or process boundary. */
export interface TensorParts {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly data: unknown
}

export type Method = keyof SessionCore
export type RequestOf<M extends Method> = Parameters<SessionCore[M]>[0]
export type ReplyOf<M extends Method> = Awaited<ReturnType<SessionCore[M]>>

/** One call of a session that lives elsewhere. */
export interface Call {
  readonly id: number
  readonly method: Method
  readonly request: object
}

export type Reply = { readonly id: number } & ({ readonly value: unknown } | { readonly error: string })
