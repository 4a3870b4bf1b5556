import { FlagError } from '@flag/core-tensor'
import { columns, printJson, type Terminal } from '@flag/core-tensor/terminal'
import { type IndexReport, PictureIndex, pictureExtensions, renderPage } from '../search/index.ts'
import { writeWhole } from '../search/vectorTable.ts'
import { type Context, type ModelChoice, withModel } from './context.ts'
import { Progress } from './progress.ts'

export interface SearchOptions extends ModelChoice {
  top: number
  html?: string
  json?: boolean
  index?: string
}

/** `flagai search`: brings the folder's index up to date, then answers each query. */
export async function search(
  context: Context,
  folder: string,
  queries: readonly string[],
  options: SearchOptions,
): Promise<void> {
  const { terminal } = context
  await withModel(context, options, async ({ model, name, fingerprint }) => {
    const progress = new Progress(terminal, 'indexing')
    const { index, report } = await PictureIndex.update(folder, model, {
      modelName: name,
      fingerprint,
      indexFolder: options.index,
      onProgress: progress.update,
    }).finally(() => progress.end())
    if (index.paths.length === 0) {
      throw new FlagError(
        'not-found',
        report.pictures === 0
          ? `${folder}: no pictures here`
          : `${folder}: none of the ${report.pictures} pictures can be read, the first is ${report.unreadable[0].path}`,
        { hint: `expected files named *${pictureExtensions.join(', *')}` },
      )
    }
    describeUpdate(terminal, report)
    const vectors = await model.encodeText([...queries])
    const results = queries.map((query, i) => ({
      query,
      hits: index.search(vectors.row(i).data, options.top),
    }))
    if (options.html) {
      const page = await renderPage({
        folder,
        modelName: name,
        pictures: index.paths.length,
        queries: results,
        pagePath: options.html,
      })
      await writeWhole(options.html, page)
    }
    if (options.json) {
      printJson(terminal, { model: name, folder, index: report, queries: results, page: options.html })
      return
    }
    for (const { query, hits } of results) {
      if (queries.length > 1) terminal.out(`${query}\n`)
      const rows = hits.map(({ path, score }, i) => [String(i + 1), score.toFixed(4), path])
      terminal.out(`${columns(rows, (i) => i === 0)}\n`)
    }
    if (options.html) terminal.err(`wrote ${options.html}\n`)
  })
}

const SHOWN = 10

/** Says on stderr what the update did, and names every picture that could not be read (up to ten). */
function describeUpdate(terminal: Terminal, report: IndexReport): void {
  const parts = [
    [report.embedded, 'new'],
    [report.reused, 'renamed or copied'],
    [report.removed, 'removed'],
    [report.unchanged, 'unchanged'],
  ] as const
  const counts = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`)
  if (report.stale) terminal.err(`index made anew: ${report.stale}\n`)
  if (report.resumed) terminal.err('an update was interrupted before: going on from where it stopped\n')
  terminal.err(`${report.pictures} pictures: ${counts.join(', ')}\n`)
  if (report.unreadable.length === 0) return
  terminal.err(`skipped ${report.unreadable.length} that cannot be read:\n`)
  for (const { path, reason } of report.unreadable.slice(0, SHOWN)) terminal.err(`  ${path}: ${reason}\n`)
  const more = report.unreadable.length - SHOWN
  if (more > 0) terminal.err(`  … and ${more} more; --json lists all\n`)
}
