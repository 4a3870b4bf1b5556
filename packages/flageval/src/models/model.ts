import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { FlagError } from '@flag/core-tensor'
import { commandModel } from './command.ts'
import type { EmbeddingModel } from './embedding.ts'
import { vectorFiles } from './vectorFiles.ts'

export type { EmbeddingModel, PictureInput } from './embedding.ts'

/**
 * Opens a model: the name of one that comes with `@flag/ai` (`altclip-emoji-m12`), the folder of an AltCLIP checkpoint,
 * a JavaScript module whose default export is a function that returns an `EmbeddingModel`, `vectors:<folder>` or
 * `command:<command line>`. Throws `not-found` and what opening it throws.
 */
export async function openModel(model: string): Promise<EmbeddingModel> {
  if (/\.[cm]?[jt]s$/.test(model)) {
    const opened = await openModule(resolve(model))
    return checkEmbedding(opened, model)
  }
  const [scheme, place] = schemeOf(model)
  if (scheme === 'vectors') return vectorFiles(resolve(place))
  if (scheme === 'command') return checkEmbedding(await commandModel(place), model)
  const bundled = join(
    dirname(createRequire(import.meta.url).resolve('@flag/ai/package.json')),
    'models',
    model,
  )
  const folder = [resolve(model), bundled].find((path) => existsSync(join(path, 'config.json')))
  if (folder === undefined) {
    throw new FlagError('not-found', `no model "${model}": neither a folder with config.json nor a name`, {
      hint: 'give altclip-emoji-m12, the folder of an AltCLIP checkpoint, or a .mjs file',
    })
  }
  const { AltCLIP } = await import('@flag/ai')
  const altclip = await AltCLIP.fromPretrained(folder)
  return {
    name: model,
    fingerprint: await fingerprintOf(folder),
    encodeText: (texts) => altclip.encodeText(texts),
    encodeImage: (pictures) => altclip.encodeImage(pictures),
    dispose: () => altclip.dispose(),
  }
}

/** What a module's default export returns. Throws `not-found`, `invalid-argument`. */
export async function openModule(file: string): Promise<object> {
  if (!existsSync(file)) throw new FlagError('not-found', `${file}: no such file`)
  const { default: create } = (await import(pathToFileURL(file).href)) as { default?: unknown }
  const model = typeof create === 'function' ? await create() : undefined
  if (model !== null && typeof model === 'object') return model
  throw new FlagError('invalid-argument', `${file}: its default export does not return a model`, {
    hint: 'export a function that returns an EmbeddingModel or a LanguageModel',
  })
}

function checkEmbedding(opened: object, place: string): EmbeddingModel {
  const model = opened as Partial<EmbeddingModel>
  if (!model.fingerprint || !model.name || !model.encodeText || !model.encodeImage || !model.dispose) {
    throw new FlagError('invalid-argument', `${place} does not return an EmbeddingModel`, {
      hint: 'return name, fingerprint, encodeText, encodeImage and dispose',
    })
  }
  return model as EmbeddingModel
}

/** `scheme:place`; no scheme where there is none. */
export function schemeOf(model: string): [scheme: string, place: string] {
  const match = /^(vectors|outputs|command|openai|openai-chat|serving):(.+)$/.exec(model)
  return match ? [match[1], match[2]] : ['', model]
}

/** Every byte of the model's files, and the version of the package that preprocesses and runs it. */
async function fingerprintOf(folder: string): Promise<string> {
  const hash = createHash('sha256')
  const manifest = createRequire(import.meta.url).resolve('@flag/ai/package.json')
  const { name, version } = JSON.parse(readFileSync(manifest, 'utf8'))
  hash.update(`${name} ${version} cpu float32`)
  for (const entry of (await readdir(folder, { withFileTypes: true })).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  )) {
    if (!entry.isFile()) continue
    hash.update(`\0${entry.name}\0`)
    hash.update(await readFile(join(folder, entry.name)))
  }
  return hash.digest('hex').slice(0, 32)
}
