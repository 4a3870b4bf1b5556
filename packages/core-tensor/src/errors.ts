/** What went wrong, in a word that programs can branch on. */
export type FlagErrorCode =
  | 'invalid-argument'
  | 'shape-mismatch'
  | 'dtype-mismatch'
  | 'not-differentiable'
  | 'corrupt-file'
  | 'unsupported'
  | 'not-found'
  | 'runtime'
  | 'timeout'
  | 'io'
  | 'network'
  | 'access-denied'

/**
 * The one error that Flag throws on bad input.
 *
 * `message` says which thing, what was found and what was expected; `hint` says what to do about it.
 * Subclasses name the area, `code` names the kind.
 */
export class FlagError extends Error {
  readonly code: FlagErrorCode
  readonly hint: string | undefined

  constructor(code: FlagErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = code
    this.hint = options.hint
  }
}
