import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A model as the test hub serves it. */
export interface HubModel {
  readonly id: string
  /** Branches and tags. */
  readonly refs: Readonly<Record<string, string>>
  /** Contents by commit and path. */
  readonly commits: Readonly<Record<string, Readonly<Record<string, Uint8Array>>>>
  /** Paths that are in LFS. */
  readonly lfs: readonly string[]
  /** The only token that may see it. */
  readonly token?: string
  readonly gated?: boolean
}

/** A request that the hub, or its CDN, has received. */
export interface HubRequest {
  readonly kind: 'info' | 'tree' | 'resolve' | 'cdn'
  readonly method: string
  readonly url: string
  /** Path of the file, for `resolve` and `cdn`. */
  readonly file: string
  /** How many requests of this kind for this file there have been, this one included. */
  readonly count: number
  readonly authorization: string | undefined
  readonly range: string | undefined
}

/** What goes wrong with a request. */
export interface Fault {
  /** Another status, with `X-Error-Code` and a message. */
  readonly status?: number
  readonly code?: string
  readonly message?: string
  readonly headers?: Record<string, string>
  /** The connection breaks after so many bytes of the body. */
  readonly dropAfter?: number
  /** Nothing comes after so many bytes of the body, and the connection stays open. */
  readonly stallAfter?: number
  readonly ignoreRange?: boolean
  /** Other contents than announced. */
  content?(content: Uint8Array): Uint8Array
  /** Something else than the hub's answer altogether. */
  readonly page?: string
  /** The answer comes once this is over. */
  readonly after?: Promise<unknown>
  /** No answer, with the connection left open. */
  readonly silent?: boolean
}

export interface HubServer {
  readonly url: string
  readonly requests: HubRequest[]
  /** Called for every request; undefined for a normal answer. */
  fault: (request: HubRequest) => Fault | undefined
  close(): Promise<void>
}

export const gitSha1 = (content: Uint8Array): string =>
  createHash('sha1').update(`blob ${content.byteLength}\0`).update(content).digest('hex')
export const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex')

/** SHA-1 of the pointer that git keeps for a file in LFS (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md). */
function pointerSha1(content: Uint8Array): string {
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256(content)}\nsize ${content.byteLength}\n`
  return gitSha1(Buffer.from(pointer))
}

const PAGE = 3

/**
 * The part of the Hugging Face hub that downloads need, on loopback: model info, file lists in pages, `resolve` with
 * its headers, LFS contents redirected to a CDN of another origin with signed addresses, ranges. Faults are injected by
 * `fault`.
 */
export async function startHub(models: readonly HubModel[]): Promise<HubServer> {
  const requests: HubRequest[] = []
  const counts = new Map<string, number>()
  const server: HubServer = { url: '', requests, fault: () => undefined, close: async () => {} }
  const note = (kind: HubRequest['kind'], file: string, request: IncomingMessage): HubRequest => {
    const key = `${kind} ${file}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
    const noted = {
      kind,
      file,
      method: request.method ?? '',
      url: request.url ?? '',
      count: counts.get(key) as number,
      authorization: request.headers.authorization,
      range: request.headers.range,
    }
    requests.push(noted)
    return noted
  }

  const cdn = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://cdn')
    const [hash, ...path] = decodeURIComponent(pathname.slice(1)).split('/')
    const fault = server.fault(note('cdn', path.join('/'), request)) ?? {}
    await fault.after
    const contents = models.flatMap(({ commits }) =>
      Object.values(commits).flatMap((it) => Object.values(it)),
    )
    const content = contents.find((it) => sha256(it) === hash)
    if (fault.status !== undefined || !content) return refuse(response, { status: 404, ...fault })
    send(request, response, content, {}, fault)
  })
  const cdnUrl = await listen(cdn)

  const hub = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://hub')
    const path = url.pathname.split('/').slice(1).map(decodeURIComponent)
    const isApi = path[0] === 'api'
    const [owner, name, kind, revision, ...rest] = isApi ? path.slice(2) : path
    const file = rest.join('/')
    const asked = kind === 'tree' ? 'tree' : kind === 'resolve' ? 'resolve' : 'info'
    const fault = server.fault(note(asked, file, request)) ?? {}
    if (fault.silent) return
    if (fault.page !== undefined) return void response.setHeader('content-type', 'text/html').end(fault.page)
    if (fault.status !== undefined) return refuse(response, fault)
    const model = models.find(({ id }) => id === `${owner}/${name}`)
    const refusal = model ? accessOf(model, request.headers.authorization) : missing(request)
    if (refusal || !model) return refuse(response, refusal ?? {})
    const commit = model.refs[revision] ?? revision
    const files = model.commits[commit]
    if (!files) return refuse(response, { status: 404, code: 'RevisionNotFound', message: 'Invalid rev id' })
    if (asked === 'info') return json(response, { _id: '0', id: model.id, sha: commit, siblings: [] })
    if (asked === 'tree') return list(response, url, server.url, entriesOf(model, files))
    const content = files[file]
    response.setHeader('x-repo-commit', commit)
    if (!content) return refuse(response, { status: 404, code: 'EntryNotFound', message: 'Entry not found' })
    if (!model.lfs.includes(file)) {
      return send(request, response, content, { etag: `"${gitSha1(content)}"` }, fault)
    }
    const headers = {
      'x-linked-etag': `"${sha256(content)}"`,
      'x-linked-size': String(content.byteLength),
      location: `${cdnUrl}/${sha256(content)}/${encodeURIComponent(file)}?Signature=SIGNED`,
    }
    response.writeHead(302, headers).end()
  })
  const url = await listen(hub)
  const close = async () => {
    for (const it of [hub, cdn]) {
      it.closeAllConnections()
      await new Promise((done) => it.close(done))
    }
  }
  return Object.assign(server, { url, close })
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function accessOf({ token, gated }: HubModel, authorization: string | undefined): Fault | undefined {
  if (token === undefined || authorization === `Bearer ${token}`) return undefined
  if (gated) return { status: authorization ? 403 : 401, code: 'GatedRepo', message: 'Access is restricted' }
  return authorization
    ? { status: 401, message: `Invalid credentials: ${authorization}` }
    : { status: 401, code: 'RepoNotFound', message: 'Repository not found' }
}

/** Strangers are told 401 about what does not exist, so that they cannot tell it from what is private. */
const missing = ({ headers }: IncomingMessage): Fault => ({
  status: headers.authorization ? 404 : 401,
  code: 'RepoNotFound',
  message: 'Repository not found',
})

function refuse(response: ServerResponse, { status = 500, code, message = '', headers }: Fault): void {
  if (code) response.setHeader('x-error-code', code)
  json(response.writeHead(status, { ...headers, 'content-type': 'application/json' }), { error: message })
}

function json(response: ServerResponse, value: unknown): void {
  response.end(JSON.stringify(value))
}

const entriesOf = ({ lfs }: HubModel, files: Readonly<Record<string, Uint8Array>>) =>
  Object.entries(files).map(([path, content]) => ({
    type: 'file',
    path,
    size: content.byteLength,
    oid: lfs.includes(path) ? pointerSha1(content) : gitSha1(content),
    ...(lfs.includes(path) && {
      lfs: { oid: sha256(content), size: content.byteLength, pointerSize: 130 },
    }),
  }))

function list(response: ServerResponse, url: URL, home: string, entries: readonly unknown[]): void {
  const from = Number(url.searchParams.get('cursor') ?? 0)
  if (from + PAGE < entries.length) {
    const next = new URL(url.pathname + url.search, home)
    next.searchParams.set('cursor', String(from + PAGE))
    response.setHeader('link', `<${next}>; rel="next"`)
  }
  json(response, entries.slice(from, from + PAGE))
}

/** Contents, whole or from an offset, and as much of them as the fault lets through. */
function send(
  request: IncomingMessage,
  response: ServerResponse,
  announced: Uint8Array,
  headers: Record<string, string>,
  fault: Fault,
): void {
  const content = fault.content?.(announced) ?? announced
  const range = fault.ignoreRange ? null : /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
  const start = Number(range?.[1] ?? 0)
  if (range && start >= content.byteLength) {
    response.writeHead(416, { 'content-range': `bytes */${content.byteLength}` }).end()
    return
  }
  const end = range?.[2] ? Math.min(Number(range[2]) + 1, content.byteLength) : content.byteLength
  const body = content.subarray(start, end)
  response.writeHead(range ? 206 : 200, {
    ...headers,
    'accept-ranges': 'bytes',
    'content-length': body.byteLength,
    ...(range && { 'content-range': `bytes ${start}-${end - 1}/${content.byteLength}` }),
  })
  const limit = fault.dropAfter ?? fault.stallAfter
  if (request.method === 'HEAD') response.end()
  else if (limit === undefined) response.end(body)
  else {
    const cut = () => (fault.dropAfter === undefined ? undefined : response.destroy())
    // Without a body yet there is nothing to wait for.
    if (limit === 0) setImmediate(cut)
    else response.write(body.subarray(0, limit), () => setImmediate(cut))
    response.flushHeaders()
  }
}
