import { FlagError } from '@flag/core-tensor'
import type { HubSettings } from './environment.ts'
import { connectionError, HubError, responseError, type Subject, stalledError } from './faults.ts'
import type { Host } from './host.ts'
import { isCommit } from './names.ts'
import { backoff } from './retry.ts'
import { checkFile, type RepositoryFile } from './tree.ts'

const REDIRECTS = 10
/** Fewer than for files: somebody waits, and nothing is lost. */
const QUESTION_TRIES = 3
const ERROR_TEXT_LIMIT = 300

/** A hub as one user sees it. */
export interface HubClient {
  readonly host: Host
  readonly settings: HubSettings
  readonly signal: AbortSignal | undefined
}

/** Names a model, a revision and perhaps a file of it in messages. */
export function subjectOf(
  { settings }: HubClient,
  names: { id: string; revision: string; file?: string },
): Subject {
  return {
    ...names,
    hub: new URL(settings.endpoint).host,
    hasToken: settings.authorization() !== undefined,
  }
}

/**
 * One request, redirects followed, without retries. The token goes to the hub itself and to nobody whom it redirects
 * to: their addresses are signed, and are not repeated in messages. Throws a HubError for everything but success.
 */
export async function requestOnce(
  client: HubClient,
  subject: Subject,
  address: string,
  init: { headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Response> {
  const { settings } = client
  const home = new URL(settings.endpoint).origin
  let url = new URL(address)
  for (let hop = 0; hop <= REDIRECTS; hop++) {
    const headers = new Headers(init.headers)
    const authorization = settings.authorization()
    if (authorization && url.origin === home) headers.set('authorization', authorization)
    const response = await answer(client, subject, url, { ...init, headers })
    const location = response.headers.get('location')
    if (response.status >= 300 && response.status < 400 && location !== null) {
      await response.body?.cancel()
      url = new URL(location, url)
      continue
    }
    if (response.ok) return response
    throw responseError(subject, response, settings.redact(await errorText(response)))
  }
  throw new HubError('network', `${subject.id}: ${subject.hub} redirects in a circle`)
}

/** Status and headers of an answer, in the time that is allowed for them. */
async function answer(
  { host, settings, signal }: HubClient,
  subject: Subject,
  url: URL,
  init: { headers: Headers; signal?: AbortSignal },
): Promise<Response> {
  const late = new AbortController()
  const timer = host.deadline(settings.answerTimeout, () => late.abort())
  const signals = [signal, init.signal, late.signal].filter((it) => it !== undefined)
  try {
    return await host.fetch(url.href, {
      headers: init.headers,
      redirect: 'manual',
      signal: AbortSignal.any(signals),
    })
  } catch (cause) {
    signal?.throwIfAborted()
    init.signal?.throwIfAborted()
    if (late.signal.aborted) throw stalledError(subject, url.host, settings.answerTimeout)
    throw connectionError(subject, url.host, cause)
  } finally {
    timer.end()
  }
}

/** What the hub says about an error, cut to a line. */
async function errorText(response: Response): Promise<string> {
  const text = await response.text().catch(() => '')
  let said: unknown = response.headers.get('x-error-message') ?? undefined
  try {
    said ??= JSON.parse(text).error
  } catch {
    // Pages of proxies are HTML, and say nothing that the status does not.
  }
  return typeof said === 'string' ? said.split('\n')[0].slice(0, ERROR_TEXT_LIMIT) : ''
}

/** What @huggingface/hub is given as `fetch`: our timeouts, retries, token and errors. */
function fetchOf(client: HubClient, subject: Subject, tries = QUESTION_TRIES) {
  return async (url: string | URL | Request): Promise<Response> => {
    const retries = backoff(client.host, client.signal, tries)
    for (;;) {
      try {
        return await requestOnce(client, subject, String(url), { headers: { accept: 'application/json' } })
      } catch (error) {
        await retries.wait(error)
      }
    }
  }
}

/** Loaded when the hub is asked something: a model that is here opens sooner without. */
const library = () => import('@huggingface/hub')

/** The commit that a revision stands for. `tries` is 1 where a cached answer is as good. */
export async function commitOf(
  client: HubClient,
  id: string,
  revision: string,
  tries?: number,
): Promise<string> {
  const subject = subjectOf(client, { id, revision })
  const { modelInfo } = await library()
  const { sha } = await understood(subject, () =>
    modelInfo({
      name: id,
      revision,
      additionalFields: ['sha'],
      hubUrl: client.settings.endpoint,
      fetch: fetchOf(client, subject, tries),
    }),
  )
  if (typeof sha !== 'string' || !isCommit(sha)) throw notAHub(subject)
  return sha
}

/** All files of a commit, with sizes and hashes. */
export async function filesOf(client: HubClient, id: string, commit: string): Promise<RepositoryFile[]> {
  const subject = subjectOf(client, { id, revision: commit })
  const files: RepositoryFile[] = []
  const { listFiles } = await library()
  await understood(subject, async () => {
    const entries = listFiles({
      repo: { type: 'model', name: id },
      recursive: true,
      revision: commit,
      hubUrl: client.settings.endpoint,
      fetch: fetchOf(client, subject),
    })
    for await (const { type, path, size, oid, lfs, xetHash } of entries) {
      if (type !== 'file') continue
      const xet = xetHash !== undefined && /^[0-9a-f]{64}$/.test(xetHash) ? xetHash : undefined
      files.push({ path, size: lfs?.size ?? size, blobId: oid ?? '', sha256: lfs?.oid, xetHash: xet })
    }
  })
  for (const file of files) checkFile(id, file)
  return files
}

/** Whatever a captive portal or a wrong address sends instead of the hub's JSON becomes a clear error. */
async function understood<T>(subject: Subject, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof FlagError || (error as Error).name === 'AbortError') throw error
    throw notAHub(subject, error)
  }
}

const notAHub = ({ id, hub }: Subject, cause?: unknown) =>
  new HubError('network', `${id}: ${hub} does not answer like a hub`, {
    hint: 'does HF_ENDPOINT name a hub? Is there a login page between this machine and the network?',
    cause,
  })
