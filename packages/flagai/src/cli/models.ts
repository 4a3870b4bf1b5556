import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { columns, printJson } from '@flag/core-tensor/terminal'
import { cachedModels } from '../hub/index.ts'
import { knownModels, modelFolder, packageRoot } from '../models/folder.ts'
import { bytes, type Context } from './context.ts'

export const VERSION: string = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')).version

/** `flagai models`: what can be given to `--model`, and whether it is here; with `--cached`, all that is here. */
export async function listModels(
  context: Context,
  options: { json?: boolean; cached?: boolean },
): Promise<void> {
  await (options.cached ? listCached(context, options) : listKnown(context, options))
}

async function listKnown({ terminal }: Context, options: { json?: boolean }): Promise<void> {
  const models = await Promise.all(
    knownModels.map(async (model) => ({
      ...model,
      folder: await modelFolder(model.id, { offline: true }).catch(() => null),
    })),
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

async function listCached({ terminal, env }: Context, options: { json?: boolean }): Promise<void> {
  const models = await cachedModels(env)
  if (options.json) {
    printJson(terminal, models)
    return
  }
  const rows = models.map(({ id, commit, refs, size, lastUsed, folder }) => [
    id,
    refs.join(' ') || commit.slice(0, 12),
    bytes(size),
    lastUsed.toISOString().slice(0, 10),
    folder,
  ])
  if (rows.length > 0) {
    terminal.out(
      `${columns([['model', 'revision', 'size', 'last used', 'folder'], ...rows], (i) => i === 2)}\n`,
    )
  }
  const incomplete = new Map(models.map((model) => [model.id, model.incomplete]))
  for (const [id, left] of incomplete) {
    if (left > 0) terminal.err(`${id}: ${bytes(left)} of interrupted downloads; flagai pull ${id} goes on\n`)
  }
  if (rows.length === 0) terminal.err('No models are in the cache. flagai pull brings one.\n')
}
