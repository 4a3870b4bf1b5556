import { FlagError, type FlagErrorCode } from '@flag/core-tensor'

/** What keeps a model from being downloaded. */
export class HubError extends FlagError {
  /** The hub's HTTP status, when it answered. */
  readonly status: number | undefined
  /** What the hub calls it: `RepoNotFound`, `RevisionNotFound`, `EntryNotFound`, `GatedRepo`. */
  readonly reason: string | undefined
  /** True for what may pass by itself. */
  readonly transient: boolean
  /** How long the hub asks to wait before the next try, in seconds. */
  readonly retryAfter: number | undefined

  constructor(
    code: FlagErrorCode,
    message: string,
    options: {
      hint?: string
      cause?: unknown
      status?: number
      reason?: string
      transient?: boolean
      retryAfter?: number
    } = {},
  ) {
    super(code, message, options)
    this.status = options.status
    this.reason = options.reason
    this.transient = options.transient ?? false
    this.retryAfter = options.retryAfter
  }
}

/** Answers that may be different the next time, as huggingface_hub counts them. */
const TRANSIENT = [408, 429, 500, 502, 503, 504]

const LOGIN =
  'set HF_TOKEN to a token of an account with access (https://huggingface.co/settings/tokens), or log in with hf auth login'

/** What a download is about, in messages. */
export interface Subject {
  readonly id: string
  readonly revision: string
  /** File of the model, when it is about one. */
  readonly file?: string
  readonly hasToken: boolean
  /** Host of the hub. */
  readonly hub: string
}

const nameOf = ({ id, file }: Subject) => (file === undefined ? id : `${id}: ${file}`)

/** The error that an answer other than success stands for. `detail` is what the hub says about it. */
export function responseError(subject: Subject, response: Response, detail: string): HubError {
  const { status } = response
  const reason = response.headers.get('x-error-code') ?? undefined
  const said = detail === '' ? '' : `: ${detail}`
  const { id, revision, hub, hasToken } = subject
  const fail = (code: FlagErrorCode, message: string, hint?: string) =>
    new HubError(code, message, { hint, status, reason })
  if (reason === 'GatedRepo') {
    return fail(
      'access-denied',
      `${nameOf(subject)}: access must be granted by its authors (${status})`,
      `ask for it on https://huggingface.co/${id}${hasToken ? '' : `, then ${LOGIN}`}`,
    )
  }
  if (reason === 'RevisionNotFound') {
    return fail(
      'not-found',
      `${id} has no revision "${revision}" (${status})`,
      'a branch, tag or full commit',
    )
  }
  if (reason === 'EntryNotFound') {
    return fail('not-found', `${nameOf(subject)}: no such file at revision ${revision} (${status})`)
  }
  // The hub answers 401 to strangers who ask for what does not exist, so that names of private models do not leak.
  if (reason === 'RepoNotFound' || (status === 401 && !hasToken)) {
    return fail(
      'not-found',
      hasToken
        ? `${hub} has no model "${id}" that this account may see (${status})`
        : `${hub} has no public model "${id}" (${status})`,
      `check the name or the path; if the model is private, ${LOGIN}`,
    )
  }
  if (status === 401) {
    return fail(
      'access-denied',
      `${nameOf(subject)}: the hub does not accept the token (401)${said}`,
      'the token in HF_TOKEN, or in the file "token" of HF_HOME, is wrong or has expired: make a new one, or unset it',
    )
  }
  if (status === 403) {
    return fail('access-denied', `${nameOf(subject)}: the hub refuses access (403)${said}`, LOGIN)
  }
  if (status === 404) return fail('not-found', `${nameOf(subject)}: not on ${hub} (404)${said}`)
  if (!TRANSIENT.includes(status)) {
    return fail('network', `${nameOf(subject)}: ${hub} answered ${status}${said}`)
  }
  const retryAfter = retryAfterOf(response.headers)
  return new HubError(
    'network',
    status === 429
      ? `${nameOf(subject)}: too many requests to ${hub} (429)${
          retryAfter === undefined ? '' : `, the next is allowed in ${retryAfter} s`
        }`
      : `${nameOf(subject)}: ${hub} is out of order (${status})${said}`,
    {
      hint:
        status === 429
          ? `wait and run it again: what was downloaded is kept${hasToken ? '' : '; with a token (HF_TOKEN) more is allowed'}`
          : 'run it again later: what was downloaded is kept',
      status,
      reason,
      transient: true,
      retryAfter,
    },
  )
}

/** Seconds to wait, by `Retry-After` (seconds or a date) or by the draft header `RateLimit` of the hub. */
function retryAfterOf(headers: Headers): number | undefined {
  const limit = /\br=0\b.*\bt=(\d+)/.exec(headers.get('ratelimit') ?? '')
  if (limit) return Number(limit[1])
  const value = headers.get('retry-after')?.trim()
  if (value === undefined || value === '') return undefined
  if (/^\d+$/.test(value)) return Number(value)
  const [then, now] = [Date.parse(value), Date.parse(headers.get('date') ?? '')]
  return Number.isNaN(then) ? undefined : Math.max(0, Math.ceil((then - (now || Date.now())) / 1000))
}

/** The error of a request that got no answer, or, when it was `begun`, whose answer broke off. */
export function connectionError(subject: Subject, host: string, cause: unknown, begun = false): HubError {
  let inner = cause as { code?: string; message?: string; cause?: unknown }
  while (inner.cause instanceof Error) inner = inner.cause
  // undici's own codes say less than its messages.
  const why = inner.code?.startsWith('UND_') ? inner.message : (inner.code ?? inner.message)
  const what = begun ? `the connection to ${host} broke off` : `no connection to ${host}`
  return new HubError('network', `${nameOf(subject)}: ${what} (${why ?? String(cause)})`, {
    hint: 'check the network, or HF_ENDPOINT for a mirror; what was downloaded is kept, and goes on where it stopped',
    cause,
    transient: true,
  })
}

/** The error of an answer that does not come, or, when it was `begun`, stands still. */
export function stalledError(subject: Subject, host: string, ms: number, begun = false): HubError {
  const variable = begun ? 'HF_HUB_DOWNLOAD_TIMEOUT' : 'HF_HUB_ETAG_TIMEOUT'
  return new HubError('timeout', `${nameOf(subject)}: ${host} sent nothing for ${ms / 1000} s`, {
    hint: `run it again: what was downloaded is kept; ${variable} allows more seconds`,
    transient: true,
  })
}

const gigabytes = (bytes: number) =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${(bytes / 1e6).toFixed(1)} MB`

/** The error of a file system that has less room than a download needs. */
export function spaceError(folder: string, needed: number, free: number): HubError {
  return new HubError('io', `${folder}: ${gigabytes(needed)} are needed, ${gigabytes(free)} are free`, {
    hint: 'make room, or set HF_HOME to a folder on another disk',
  })
}

/** The error of a file or folder of the cache that cannot be written. */
export function diskError(path: string, cause: unknown): FlagError {
  if (cause instanceof FlagError) return cause
  const { code, message } = cause as NodeJS.ErrnoException
  const problems: Record<string, [string, string]> = {
    ENOSPC: [
      'the disk is full',
      'make room, or set HF_HOME to a folder on another disk; what was downloaded is kept',
    ],
    EDQUOT: ['the quota is used up', 'make room, or set HF_HOME to a folder on another disk'],
    EROFS: ['the disk is read-only', 'set HF_HOME to a folder that can be written'],
    EACCES: ['no permission to write', 'set HF_HOME to a folder that can be written'],
    EPERM: ['no permission to write', 'set HF_HOME to a folder that can be written'],
  }
  const [problem, hint] = problems[code ?? ''] ?? [message, undefined]
  return new HubError('io', `${path}: ${problem}`, { hint, cause })
}
