// Gathers real text for the benches from documentation packages of Debian, downloaded once and cached:
//   node --import tsx packages/flagdata/bench/corpus.ts FOLDER [--cache FOLDER] [--megabytes N] [--shards N]
// Needs apt-get and dpkg-deb (Debian or Ubuntu). A document is a file of a package as plain text, of 200 characters or
// more; files of equal text are taken once. Pages of one manual share much, so near-duplicates are real ones.
// Writes FOLDER/{shard}.jsonl.gz, and FOLDER.sources.json beside them: what came from which package, and its licence.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { finished } from 'node:stream/promises'
import { parseArgs, promisify } from 'node:util'
import { createGzip, gunzipSync } from 'node:zlib'
import { htmlToText } from './htmlToText.ts'
import { sources } from './sources.ts'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cache: { type: 'string', default: join(tmpdir(), 'flag-corpus') },
    megabytes: { type: 'string', default: '600' },
    shards: { type: 'string', default: '8' },
  },
})
const execute = promisify(execFile)
const SHORTEST = 200
const LONGEST = 1e6

const [folder] = positionals
if (folder === undefined) {
  console.error('usage: corpus.ts FOLDER [--cache FOLDER] [--megabytes N] [--shards N]')
  process.exit(2)
}
const output = resolve(folder)
const cache = resolve(options.cache)
await mkdir(cache, { recursive: true })
await mkdir(output, { recursive: true })

const shards = Array.from({ length: Number(options.shards) }, (_, i) => {
  const gzip = createGzip()
  const file = gzip.pipe(createWriteStream(join(output, `${i}.jsonl.gz`)))
  return { gzip, closed: finished(file) }
})
const limit = Number(options.megabytes) * 1e6
const seen = new Set<string>()
const used: { package: string; language: string; licence: string; documents: number; megabytes: number }[] =
  []
let [total, documents] = [0, 0]

for (const { name, language, licence } of sources) {
  if (total >= limit) break
  const file = await download(name)
  if (file === undefined) {
    console.log(`${name}: not to be had here`)
    continue
  }
  const source = { package: name, language, licence, documents: 0, megabytes: 0 }
  const unpacked = await mkdtemp(join(cache, 'unpacked-'))
  try {
    await execute('dpkg-deb', ['-x', file, unpacked])
    for (const { path, text } of await textsOf(unpacked)) {
      if (total >= limit) break
      const hash = createHash('sha1').update(text).digest('base64')
      if (seen.has(hash)) continue
      seen.add(hash)
      const bytes = Buffer.byteLength(text)
      const line = JSON.stringify({ id: `${name}/${path}`, text, metadata: { language, package: name } })
      const { gzip } = shards[documents++ % shards.length]
      if (!gzip.write(`${line}\n`)) await new Promise((drained) => gzip.once('drain', drained))
      total += bytes
      source.documents++
      source.megabytes += bytes / 1e6
    }
  } finally {
    await rm(unpacked, { recursive: true, force: true })
  }
  used.push(source)
  console.log(`${name} (${language}): ${source.documents} documents, ${source.megabytes.toFixed(1)} MB`)
}
for (const { gzip, closed } of shards) {
  gzip.end()
  await closed
}
await writeFile(
  `${output}.sources.json`,
  `${JSON.stringify({ documents, megabytes: total / 1e6, sources: used }, null, 1)}\n`,
)
console.log(`${documents} documents, ${(total / 1e6).toFixed(1)} MB of distinct texts in ${output}`)

/** The package's file in the cache; undefined if this system's sources do not have it. */
async function download(name: string): Promise<string | undefined> {
  const find = async () =>
    (await readdir(cache)).find((it) => it.startsWith(`${name}_`) && it.endsWith('.deb'))
  if ((await find()) === undefined)
    await execute('apt-get', ['download', name], { cwd: cache }).catch(() => {})
  const found = await find()
  return found && join(cache, found)
}

async function* filesBelow(root: string): AsyncGenerator<string> {
  for (const entry of (await readdir(root, { withFileTypes: true })).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  )) {
    const path = join(root, entry.name)
    if (entry.isDirectory()) yield* filesBelow(path)
    else if (entry.isFile()) yield path
  }
}

async function textsOf(root: string): Promise<{ path: string; text: string }[]> {
  const texts: { path: string; text: string }[] = []
  for await (const path of filesBelow(root)) {
    const kind = /\.(x?html?|page|txt|rst|md|pod)(\.gz)?$/i.exec(path)
    if (kind === null) continue
    const raw = await readFile(path)
    const bytes = kind[2] ? gunzipSync(raw) : raw
    if (bytes.length > 20e6) continue
    const content = decode(bytes)
    if (content === undefined) continue
    const text = /html?|page/i.test(kind[1]) ? htmlToText(content) : content.trim()
    if (text.length >= SHORTEST && text.length <= LONGEST) texts.push({ path: relative(root, path), text })
  }
  return texts
}

/** Files that are not UTF-8 or hold zero bytes are no text here. */
function decode(bytes: Buffer): string | undefined {
  if (bytes.includes(0)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
