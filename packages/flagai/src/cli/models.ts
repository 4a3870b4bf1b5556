import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { knownModels, modelFolder, packageRoot } from '../models/folder.ts'
import { type Context, printJson } from './context.ts'
import { columns } from './terminal.ts'

export const VERSION: string = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')).version

/** `flagai models`: what can be given to `--model`, and whether it is here. */
export async function listModels({ terminal }: Context, options: { json?: boolean }): Promise<void> {
  const models = await Promise.all(
    knownModels.map(async (model) => ({ ...model, folder: await modelFolder(model.id).catch(() => null) })),
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
