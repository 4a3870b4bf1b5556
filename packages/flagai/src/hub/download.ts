import { createHash, type Hash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { blobPath, hasBlob, lockPath, type ModelCache, partialPath } from './cache.ts'
import { type HubClient, requestOnce, subjectOf } from './client.ts'
import { connectionError, diskError, HubError, type Subject, spaceError, stalledError } from './faults.ts'
import { withLock } from './lock.ts'
import { backoff } from './retry.ts'
import { etagOf, type RepositoryFile } from './tree.ts'

const READ_SIZE = 1 << 20

/** A file that goes from the hub into the cache. */
interface Transfer {
  readonly client: HubClient
  readonly cache: ModelCache
  readonly commit: string
  readonly file: RepositoryFile
  readonly subject: Subject
  /** Bytes of it that are here. */
  report(done: number): void
}

/**
 * Downloads the content of a file into the cache, unless it is there. What an earlier try has left is taken up again;
 * size and hash are verified before the blob gets its name. Another process that downloads the same is waited for.
 * Returns how many bytes came over the network.
 */
export async function downloadBlob(
  client: HubClient,
  cache: ModelCache,
  commit: string,
  file: RepositoryFile,
  report: (done: number) => void,
): Promise<number> {
  if (await hasBlob(cache, file)) return 0
  const subject = subjectOf(client, { id: cache.id, revision: commit, file: file.path })
  const transfer = { client, cache, commit, file, subject, report }
  return withLock(client.host, lockPath(cache, file), client.signal, async (held) => {
    if (await hasBlob(cache, file)) return 0
    return intoPartial(transfer, held)
  })
}

/** What is written where, in messages. */
const placeOf = ({ cache, file }: Transfer) => `${cache.id}: ${file.path}: ${cache.root}`

async function intoPartial(transfer: Transfer, held: AbortSignal): Promise<number> {
  const { client, cache, file } = transfer
  const [partial, blob] = [partialPath(cache, file), blobPath(cache, file)]
  const disk = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (cause) {
      throw diskError(placeOf(transfer), cause)
    }
  }
  const handle = await disk(() => client.host.openFile(partial, constants.O_RDWR | constants.O_CREAT))
  let received: number
  try {
    received = await fill(transfer, handle, held)
    await disk(() => handle.sync())
  } catch (error) {
    const { size } = await handle.stat()
    await handle.close()
    // Bytes that are not those of this file are of no use to anybody.
    const useless = size === 0 || (error instanceof HubError && error.code === 'corrupt-file')
    if (useless) await rm(partial, { force: true })
    throw error
  }
  await handle.close()
  await disk(() => rename(partial, blob))
  return received
}

/** The bytes of a file up to some place, and what is needed to verify them. */
interface Position {
  done: number
  hash: Hash
}

/** Adds what is missing of a partial file until its size and hash are right. Returns the bytes received. */
async function fill(transfer: Transfer, handle: FileHandle, held: AbortSignal): Promise<number> {
  const { client, cache, file, subject, report } = transfer
  let at = await hashOf(handle, file)
  const begun = at.done
  const free = await client.host.freeBytes(dirname(partialPath(cache, file))).catch(() => undefined)
  if (free !== undefined && free < file.size - begun) throw spaceError(cache.root, file.size - begun, free)
  // A prefix that some other program left may be wrong; then everything is fetched once more.
  let trusted = begun === 0
  let received = 0
  let furthest = begun
  const startAgain = async () => {
    trusted = true
    await handle.truncate(0)
    at = { done: 0, hash: newHash(file) }
  }
  const retries = backoff(client.host, client.signal)
  for (;;) {
    report(at.done)
    if (at.done === file.size) {
      const found = at.hash.copy().digest('hex')
      if (found === etagOf(file)) return received
      if (trusted) throw wrongHash(subject, file, found)
      await startAgain()
    }
    try {
      received += await receive(transfer, handle, at, held)
      // A server that starts from nothing each time and breaks off makes no progress.
      if (at.done > furthest) retries.progressed()
      furthest = Math.max(furthest, at.done)
      if (at.done === file.size) continue
      throw cutShort(subject, at.done, file.size)
    } catch (error) {
      held.throwIfAborted()
      if (error instanceof HubError && error.status === 416 && !trusted) await startAgain()
      else if (error instanceof HubError && error.status === 416) throw wrongSize(subject, at.done, file.size)
      else await retries.wait(error)
    }
  }
}

const newHash = ({ sha256, size }: RepositoryFile): Hash =>
  sha256 === undefined ? createHash('sha1').update(`blob ${size}\0`) : createHash('sha256')

/** The state of a partial file; one that is longer than it may be starts from nothing. */
async function hashOf(handle: FileHandle, file: RepositoryFile): Promise<Position> {
  const { size } = await handle.stat()
  const hash = newHash(file)
  if (size > file.size) await handle.truncate(0)
  const done = size > file.size ? 0 : size
  const buffer = Buffer.allocUnsafe(Math.min(READ_SIZE, done))
  for (let at = 0; at < done; ) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, done - at), at)
    if (bytesRead === 0) return { done: at, hash }
    hash.update(buffer.subarray(0, bytesRead))
    at += bytesRead
  }
  return { done, hash }
}

/** One request for what is missing. Moves `at` along; returns the bytes received, also when the answer breaks off. */
async function receive(
  transfer: Transfer,
  handle: FileHandle,
  at: Position,
  held: AbortSignal,
): Promise<number> {
  const { client, cache, commit, file, subject, report } = transfer
  const { host, settings, signal } = client
  const path = file.path.split('/').map(encodeURIComponent).join('/')
  const response = await requestOnce(
    client,
    subject,
    `${settings.endpoint}/${cache.id}/resolve/${commit}/${path}`,
    {
      // Compressed answers have no size that could be checked, and cannot be taken up again.
      headers: { 'accept-encoding': 'identity', ...(at.done > 0 && { range: `bytes=${at.done}-` }) },
      signal: held,
    },
  )
  if (at.done > 0 && !startsAt(response, at.done)) {
    // The whole file comes, which servers may send when they do not support ranges.
    at.done = 0
    at.hash = newHash(file)
    await handle.truncate(0)
  }
  const from = new URL(response.url || settings.endpoint).host
  const stalled = new AbortController()
  const timer = host.deadline(settings.stallTimeout, () => stalled.abort())
  const signals = [signal, held, stalled.signal].filter((it) => it !== undefined)
  const start = at.done
  try {
    for await (const bytes of chunksOf(response, AbortSignal.any(signals))) {
      timer.renew()
      if (at.done + bytes.byteLength > file.size) {
        throw wrongSize(subject, at.done + bytes.byteLength, file.size)
      }
      await host.write(handle, bytes, at.done).catch((cause) => {
        throw diskError(placeOf(transfer), cause)
      })
      at.hash.update(bytes)
      at.done += bytes.byteLength
      report(at.done)
    }
  } catch (cause) {
    await response.body?.cancel().catch(() => {})
    signal?.throwIfAborted()
    held.throwIfAborted()
    const error = stalled.signal.aborted ? stalledError(subject, from, settings.stallTimeout, true) : cause
    const wrapped = error instanceof HubError ? error : connectionError(subject, from, error, true)
    // A broken connection that brought something is no failure in a row.
    if (wrapped.transient && at.done > start) return at.done - start
    throw wrapped
  } finally {
    timer.end()
  }
  return at.done - start
}

/** The chunks of a body, until the signal ends them. */
async function* chunksOf(response: Response, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (!response.body) return
  const reader = response.body.getReader()
  const aborted = new Promise<never>((_, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
  aborted.catch(() => {})
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), aborted])
      if (done) return
      yield value
    }
  } finally {
    reader.releaseLock()
  }
}

function startsAt(response: Response, offset: number): boolean {
  const range = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')
  return response.status === 206 && range !== null && Number(range[1]) === offset
}

const cutShort = ({ id, file }: Subject, done: number, size: number) =>
  new HubError('network', `${id}: ${file}: the answer ended after ${done} of ${size} bytes`, {
    hint: 'run it again: what was downloaded is kept',
    transient: true,
  })

const wrongSize = ({ id, file }: Subject, found: number, size: number) =>
  new HubError('corrupt-file', `${id}: ${file}: ${found} bytes came, the hub announced ${size}`, {
    hint: 'run it again; if it happens again, the hub or a proxy between damages files',
  })

const wrongHash = ({ id, file }: Subject, of: RepositoryFile, found: string) =>
  new HubError(
    'corrupt-file',
    `${id}: ${file}: its ${of.sha256 ? 'sha256' : 'git sha1'} is ${found}, the hub announced ${etagOf(of)}`,
    { hint: 'run it again; if it happens again, the hub or a proxy between damages files' },
  )
