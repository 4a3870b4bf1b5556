import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { open, readdir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FlagError } from '@flag/core-tensor'
import { type Context, printJson } from './context.ts'
import { columns } from './terminal.ts'

export const EMBEDDED_MODEL = 'altclip-emoji-m12'

/** The folder of this package, from the sources as well as from the built bundle. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return folder
}

export const VERSION: string = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')).version

const nine = ['en', 'zh', 'es', 'fr', 'ru', 'ar', 'ja', 'ko', 'it']

/** The models this program knows by name; any folder in the same layout works, too. */
const known = [
  {
    id: EMBEDDED_MODEL,
    languages: [...nine, 'de', 'pt', 'hi'],
    about: 'emoji and simple drawings, comes with @flag/ai',
  },
  { id: 'BAAI/AltCLIP', languages: ['en', 'zh'], about: 'photos, 3.5 GB' },
  { id: 'BAAI/AltCLIP-m9', languages: nine, about: 'photos, 3.5 GB' },
  {
    id: 'BAAI/AltCLIP-m18',
    languages: [...nine, 'th', 'hi', 'uk', 'tr', 'vi', 'pl', 'nl', 'pt', 'de'],
    about: 'photos, 4.8 GB',
  },
]

/** Where Python and JavaScript tools of Hugging Face keep what they downloaded. */
function hubCache(): string {
  const { HF_HUB_CACHE, HF_HOME } = process.env
  return HF_HUB_CACHE ?? join(HF_HOME ?? join(homedir(), '.cache', 'huggingface'), 'hub')
}

/**
 * The folder of a model: a folder as given, one that comes with this package, or the newest snapshot in the
 * Hugging Face cache. Throws `not-found` with what to do.
 */
export async function modelFolder(idOrFolder: string): Promise<string> {
  const snapshots = join(hubCache(), `models--${idOrFolder.replaceAll('/', '--')}`, 'snapshots')
  const cached = (await readdir(snapshots).catch(() => [])).map((revision) => join(snapshots, revision))
  for (const folder of [resolve(idOrFolder), join(packageRoot(), 'models', idOrFolder), ...cached]) {
    if (existsSync(join(folder, 'config.json'))) return folder
  }
  throw new FlagError(
    'not-found',
    `no model "${idOrFolder}": neither a folder with a config.json nor downloaded`,
    {
      hint: idOrFolder.includes('/')
        ? `download it with: huggingface-cli download ${idOrFolder}`
        : '"flagai models" lists the models',
    },
  )
}

const SAMPLE = 1 << 20

/** Tells weights apart: sizes of all files of a model's folder and the first and last MB of each. */
export async function fingerprintOf(folder: string): Promise<string> {
  const hash = createHash('sha256')
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name)
    const { size } = await stat(path)
    if (!(await stat(path)).isFile()) continue
    hash.update(`${name}\0${size}\0`)
    const file = await open(path)
    try {
      for (const position of [0, Math.max(0, size - SAMPLE)]) {
        const { bytesRead, buffer } = await file.read(
          Buffer.alloc(Math.min(SAMPLE, size)),
          0,
          Math.min(SAMPLE, size),
          position,
        )
        hash.update(buffer.subarray(0, bytesRead))
      }
    } finally {
      await file.close()
    }
  }
  return `${basename(folder)} ${hash.digest('hex').slice(0, 16)}`
}

/** `flagai models`: what can be given to `--model`, and whether it is here. */
export async function listModels({ terminal }: Context, options: { json?: boolean }): Promise<void> {
  const models = await Promise.all(
    known.map(async (model) => ({ ...model, folder: await modelFolder(model.id).catch(() => null) })),
  )
  if (options.json) {
    printJson(terminal, models)
    return
  }
  const rows = models.map(({ id, languages, about, folder }) => [
    id,
    folder ? 'ready' : 'not here',
    `${languages.length} languages: ${languages.join(' ')}`,
    about,
  ])
  terminal.out(`${columns(rows)}\n`)
  terminal.err('A folder with config.json, weights and tokenizer can be given as --model, too.\n')
}
