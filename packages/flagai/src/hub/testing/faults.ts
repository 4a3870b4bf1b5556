import { spawnSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import { lockPath, modelCache, partialPath } from '../cache.ts'
import type { Environment } from '../environment.ts'
import type { Host } from '../host.ts'
import { thisMachine } from '../lock.ts'
import { downloadSnapshot, type SnapshotOptions } from '../snapshot.ts'
import { type CacheState, cacheState } from './cacheState.ts'
import { systemError, type TestHost, testHost } from './hosts.ts'
import { type Fault, type HubModel, type HubRequest, sha256 } from './hubServer.ts'
import { files, ID, TOKEN, WEIGHTS, world } from './tinyModel.ts'

type World = Awaited<ReturnType<typeof world>>

/** A way in which a download can go wrong. */
export interface FaultCase {
  readonly fault: string
  readonly model?: Partial<HubModel>
  readonly env?: Environment
  readonly options?: SnapshotOptions
  /** What a request meets. */
  meets?(request: HubRequest): Fault | undefined
  /** What the machine does, other than working. */
  host?(world: World): Partial<Host>
  /** What happened before. */
  before?(world: World): Promise<unknown>
  /** What the user changes before the next run, where it would not end better without. */
  readonly remedy?: { env?: Environment; options?: SnapshotOptions }
}

/** What a run under a fault ended with. */
export interface FaultOutcome {
  readonly fault: string
  /** The code of the error, or `done`. */
  readonly ended: string
  /** What the user reads: error and hint, or warnings. */
  readonly seen: string
  /** Waits between tries, in ms. */
  readonly waits: readonly number[]
  readonly state: CacheState
  /** What the next run, without the fault, downloads in bytes. */
  readonly next: number
  readonly stateAfterNext: CacheState
}

/** Bytes of a model's files that opening it needs. */
export const NEEDED_BYTES = WEIGHTS.length + files['config.json'].length + files['tokenizer.json'].length

const MB = 1e6
const isWeights = ({ kind, file }: HubRequest) => kind === 'cdn' && file === 'model.safetensors'
const onWeights =
  (fault: Fault, upTo = Number.POSITIVE_INFINITY) =>
  (request: HubRequest) =>
    isWeights(request) && request.count <= upTo ? fault : undefined
const cached = ({ env }: World) => downloadSnapshot(ID, { env }, testHost())
const weights = { path: 'model.safetensors', size: WEIGHTS.length, blobId: '0', sha256: sha256(WEIGHTS) }

async function leavePartial({ cache }: World, bytes: number): Promise<void> {
  const partial = partialPath(modelCache(cache, ID), weights)
  await mkdir(dirname(partial), { recursive: true })
  await writeFile(partial, WEIGHTS.subarray(0, bytes))
}

/** What a process leaves that ended while it was downloading. */
async function leaveLock(it: World, machine: string): Promise<void> {
  await leavePartial(it, MB / 5)
  const lock = lockPath(modelCache(it.cache, ID), weights)
  const { pid } = spawnSync(process.execPath, ['--version'])
  await mkdir(dirname(lock), { recursive: true })
  await writeFile(lock, JSON.stringify({ key: 'left', pid, machine }))
}

export const faultCases: readonly FaultCase[] = [
  {
    fault: 'the disk has less room than the model needs',
    host: () => ({ freeBytes: async () => MB / 10 }),
  },
  {
    fault: 'the disk is full in the middle of a file',
    host: () => ({
      async write(file, bytes, position) {
        if (position + bytes.byteLength > MB / 10) throw systemError('ENOSPC')
        await testHost().write(file, bytes, position)
      },
    }),
  },
  {
    fault: 'the cache is on a read-only disk',
    host: () => ({
      makeFolder: async () => {
        throw systemError('EROFS')
      },
    }),
  },
  {
    fault: 'the cache belongs to somebody else',
    host: () => ({
      openFile: async () => {
        throw systemError('EACCES')
      },
    }),
  },
  {
    fault: 'no such model, or a private one, without a token (401)',
    model: { token: TOKEN },
    remedy: { env: { HF_TOKEN: TOKEN } },
  },
  {
    fault: 'no such model, or a private one, with a token (404)',
    env: { HF_TOKEN: TOKEN },
    meets: () => ({ status: 404, code: 'RepoNotFound', message: 'Repository not found' }),
  },
  {
    fault: 'a wrong or expired token (401)',
    model: { token: TOKEN },
    env: { HF_TOKEN: 'hf_WrongWrongWrongWrong' },
    remedy: { env: { HF_TOKEN: TOKEN } },
  },
  {
    fault: 'a gated model, without a token (401)',
    model: { token: TOKEN, gated: true },
    remedy: { env: { HF_TOKEN: TOKEN } },
  },
  {
    fault: 'a gated model, access not granted (403)',
    model: { token: TOKEN, gated: true },
    env: { HF_TOKEN: 'hf_AnotherAnotherAnother' },
    remedy: { env: { HF_TOKEN: TOKEN } },
  },
  {
    fault: 'no such revision (404)',
    options: { revision: 'v2' },
    remedy: { options: { revision: 'main' } },
  },
  {
    fault: 'a file of the list is not there (404)',
    meets: ({ kind, file }) =>
      kind === 'resolve' && file === 'tokenizer.json'
        ? { status: 404, code: 'EntryNotFound', message: 'Entry not found' }
        : undefined,
  },
  {
    fault: 'too many requests (429, Retry-After: 2), once',
    meets: ({ kind, count }) =>
      kind === 'info' && count === 1 ? { status: 429, headers: { 'retry-after': '2' } } : undefined,
  },
  {
    fault: 'too many requests (429), for an hour',
    meets: ({ kind, file }) =>
      kind === 'resolve' && file === 'tokenizer.json'
        ? { status: 429, headers: { 'retry-after': '3600' } }
        : undefined,
  },
  {
    fault: 'the hub is out of order (503), twice',
    meets: ({ kind, count }) => (kind === 'tree' && count <= 2 ? { status: 503 } : undefined),
  },
  { fault: 'the hub is out of order (500), all the time', meets: () => ({ status: 500, message: 'Oops' }) },
  {
    fault: 'the hub is out of order, the model is in the cache',
    before: cached,
    meets: () => ({ status: 502 }),
  },
  { fault: 'the connection breaks in a file, once', meets: onWeights({ dropAfter: MB / 10 }, 1) },
  {
    fault: 'the connection breaks in a file, and then at each try',
    meets: (request) => (isWeights(request) ? { dropAfter: request.count === 1 ? MB / 10 : 0 } : undefined),
  },
  {
    fault: 'the connection breaks, and the server cannot resume',
    meets: (request) =>
      isWeights(request)
        ? { ignoreRange: true, dropAfter: request.count === 1 ? MB / 10 : undefined }
        : undefined,
  },
  {
    fault: 'a file stops coming',
    meets: onWeights({ stallAfter: MB / 10 }, 1),
    host: ({ hub }) => ({
      deadline: (_, elapsed) => ({
        renew: () => void (hub.requests.filter(isWeights).length === 1 && setImmediate(elapsed)),
        end() {},
      }),
    }),
  },
  {
    fault: 'the hub takes connections and says nothing',
    meets: () => ({ silent: true }),
    host: ({ hub }) => ({
      deadline(_, elapsed) {
        const before = hub.requests.length
        const look = () => (hub.requests.length > before ? elapsed() : setImmediate(look))
        setImmediate(look)
        return { renew() {}, end() {} }
      },
    }),
  },
  {
    fault: 'a file with other bytes (wrong hash)',
    meets: onWeights({ content: (content) => content.map((byte, i) => (i === 1000 ? byte ^ 1 : byte)) }),
  },
  {
    fault: 'a file that is longer than announced',
    meets: onWeights({ content: (content) => Buffer.concat([content, content]) }),
  },
  {
    fault: 'a file that is shorter than announced',
    meets: onWeights({ content: (content) => content.subarray(0, MB / 10) }),
  },
  {
    fault: 'damaged bytes were left by an earlier program',
    before: async (it) => {
      await leavePartial(it, 1000)
      await writeFile(partialPath(modelCache(it.cache, ID), weights), Buffer.alloc(1000))
    },
  },
  { fault: 'an earlier run was interrupted', before: (it) => leavePartial(it, MB / 5) },
  {
    fault: 'an earlier run was killed, its lock is still there',
    before: (it) => leaveLock(it, thisMachine),
  },
  {
    fault: 'the same, on another machine that shares the disk',
    before: (it) => leaveLock(it, 'another'),
  },
  {
    fault: 'offline, nothing in the cache',
    options: { offline: true },
    remedy: { options: { offline: false } },
  },
  { fault: 'offline, the model is in the cache', options: { offline: true }, before: cached },
  {
    fault: 'no network, nothing in the cache',
    host: () => ({ fetch: unreachable }),
  },
  {
    fault: 'no network, the model is in the cache',
    before: cached,
    host: () => ({ fetch: unreachable }),
  },
  {
    fault: 'a login page of the network answers instead of the hub',
    meets: () => ({ page: '<html>Welcome to the airport</html>' }),
  },
]

async function unreachable(): Promise<Response> {
  throw new TypeError('fetch failed', { cause: systemError('ENOTFOUND') })
}

/** The error as the command line shows it. */
function shown(error: unknown): string {
  const { message } = error as Error
  const hint = error instanceof FlagError && error.hint ? ` (${error.hint})` : ''
  return message + hint
}

/** Runs a case, and then once more without the fault. */
export async function runFault(fault: FaultCase): Promise<FaultOutcome & { printed: unknown[] }> {
  await using it = await world(fault.model)
  await fault.before?.(it)
  it.hub.requests.length = 0
  it.hub.fault = (request) => fault.meets?.(request)
  const host: TestHost = testHost(fault.host?.(it))
  let ended = 'done'
  let seen = ''
  const printed: unknown[] = []
  const env = { ...it.env, ...fault.env }
  try {
    await downloadSnapshot(ID, { env, ...fault.options }, host)
  } catch (error) {
    ended = error instanceof FlagError ? error.code : 'a bug'
    seen = shown(error)
    printed.push(error)
  }
  const state = await cacheState(it.cache, ID)
  it.hub.fault = () => undefined
  const { files: taken } = await downloadSnapshot(
    ID,
    { env: { ...env, ...fault.remedy?.env }, ...fault.options, ...fault.remedy?.options },
    testHost(),
  )
  const cdn = new RegExp(`127\\.0\\.0\\.1:(?!${new URL(it.hub.url).port})\\d+`, 'g')
  const named = (text: string) =>
    text
      .replaceAll(new URL(it.hub.url).host, 'huggingface.co')
      .replaceAll(cdn, 'cdn.example')
      .replaceAll(it.home, '~/.cache/huggingface')
  return {
    fault: fault.fault,
    ended,
    seen: named([seen, ...host.warnings].filter(Boolean).join('; ')),
    waits: host.waits,
    state,
    next: taken.reduce((sum, { downloaded }) => sum + downloaded, 0),
    stateAfterNext: await cacheState(it.cache, ID),
    printed: [...printed, ...host.warnings],
  }
}
