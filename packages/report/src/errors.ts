/** What can go wrong: the report breaks the contract, a file cannot be written, the page was not built. */
export type ReportErrorCode = 'invalid-report' | 'io' | 'missing-page'

/** An error with a code for programs and a hint for people, as the other packages have them. */
export class ReportError extends Error {
  override readonly name = 'ReportError'
  readonly code: ReportErrorCode
  readonly hint?: string

  constructor(code: ReportErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    if (options.hint !== undefined) this.hint = options.hint
  }
}
