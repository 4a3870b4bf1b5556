import { FlagError } from '@flag/core-tensor'
import { columns, LiveLine, printJson, type Terminal } from '@flag/core-tensor/terminal'
import { packageFolder } from '../datasets/packages.ts'
import { isLmEvalFile } from '../lmEval/index.ts'
import { promptedMetrics } from '../lmEval/results.ts'
import { openGeneratingModel } from '../models/generating.ts'
import type { EmbeddingModel } from '../models/model.ts'
import { columnKey } from '../run/columns.ts'
import { type ColumnResult, columnsNearChance, resultsOf } from '../run/results.ts'
import { run } from '../run/run.ts'
import type { Subject } from '../run/scoring.ts'
import { openRun, validate } from '../run/validate.ts'
import { compare } from '../score/score.ts'
import { catalogue } from '../tasks/catalogue.ts'
import { type Ability, abilityFor, allTasks, findTasks, packagesOf, suites } from '../tasks/task.ts'
import { perturbations } from '../wrappers/perturbations.ts'
import { openLanguage, type PromptCommandOptions, promptCommand } from './languageCommands.ts'
import { adjusted, boardTables, comparisonTable, differenceTables, scoreTable } from './tables.ts'

/** What commands need from outside; tests give their own. */
export interface Context {
  terminal: Terminal
  openModel(model: string): Promise<EmbeddingModel>
}

const missingPackages = (names: readonly string[]) =>
  names.filter((name) => {
    try {
      packageFolder(name)
      return false
    } catch {
      return true
    }
  })

/** `flageval list`: tasks and suites, and what is missing for them. */
export function list(
  { terminal }: Context,
  options: { json?: boolean; catalogue?: boolean; perturbations?: boolean },
): void {
  if (options.perturbations) {
    const rows = Object.entries(perturbations).map(([name, { title }]) => ({ name, title }))
    if (options.json) printJson(terminal, { perturbations: rows })
    else terminal.out(`${columns(rows.map(({ name, title }) => [name, title]))}\n`)
    return
  }
  if (options.catalogue) {
    listCatalogue(terminal, options.json)
    return
  }
  const tasks = allTasks().map((task) => ({
    ...task,
    missing: missingPackages(packagesOf(task)),
  }))
  if (options.json) {
    printJson(terminal, { tasks, suites })
    return
  }
  const rows = tasks.map(({ id, version, kind, tier, languages, samples, synthetic, missing, title }) => [
    id,
    `v${version}`,
    kind,
    tier,
    `${languages.length} languages`,
    `${samples} samples`,
    synthetic ? 'generated' : 'found',
    missing.length === 0 ? 'ready' : `npm install ${missing.join(' ')}`,
    title,
  ])
  terminal.out(`${columns(rows)}\n`)
  for (const [name, names] of Object.entries(suites)) terminal.out(`suite ${name}: ${names.join(', ')}\n`)
}

/** Every id of FlagEval, what it is and where its data comes from. */
function listCatalogue(terminal: Terminal, json?: boolean): void {
  const entries = catalogue()
  if (json) {
    printJson(terminal, { entries })
    return
  }
  const rows = entries.map(({ id, task, language, format, from }) => [id, task, language, format, from])
  terminal.out(`${columns(rows, (i) => i >= 5)}\n${entries.length} data sets\n`)
}

export interface RunCommandOptions extends PromptCommandOptions {
  task?: string[]
  suite?: string[]
  languages?: string[]
}

/** `flageval run`. The exit code tells whether every column has scores. */
export async function runCommand(context: Context, options: RunCommandOptions): Promise<number> {
  const { terminal } = context
  const names = [...(options.task ?? []), ...(options.suite ?? [])]
  if (names.length === 0) {
    throw new FlagError('invalid-argument', 'no task: give --task or --suite', {
      hint: 'flageval list shows them',
    })
  }
  const prompted = names.filter(isLmEvalFile)
  if (prompted.length > 0) {
    const others = names.filter((name) => !prompted.includes(name))
    if (others.length === 0) return promptCommand(terminal, prompted, options)
    throw new FlagError(
      'invalid-argument',
      `${prompted[0]} is for language models, ${others[0]} for image-text models`,
      {
        hint: 'run them one after the other, to two folders',
      },
    )
  }
  const tasks = findTasks(names)
  const abilities = new Set(tasks.map(abilityFor))
  if (abilities.size > 1) {
    const [first, other] = [...abilities].map((it) => tasks.find((task) => abilityFor(task) === it)?.id)
    throw new FlagError('invalid-argument', `${first} and ${other} are for models of two kinds`, {
      hint: 'run them one after the other, to two folders',
    })
  }
  const languages = options.languages?.flatMap((text) => text.split(',')).filter(Boolean)
  const model = await openFor(abilityFor(tasks[0]), context, options)
  const progress = new LiveLine(terminal)
  try {
    const {
      run: info,
      results,
      board,
    } = await run(model, tasks, {
      output: options.output,
      ...(languages && { languages }),
      ...(options.cache && { cache: options.cache }),
      allowCode: options.allowCode,
      ...(options.perturb && { perturbations: options.perturb }),
      openEncoder: context.openModel,
      onProgress: ({ task, language }, what, done, total) => {
        progress.show(() => `${task} ${language}: ${what}s ${done}/${total}`)
      },
    })
    progress.end()
    if (options.json) printJson(terminal, { run: info, results, board })
    else {
      // A suite's table says it all; what failed, and tasks outside the board, are shown by themselves.
      const whole = (id: string) => results.every((it) => it.task !== id || it.error === undefined)
      const others = tasks.filter(({ id, board: own }) => !own || !whole(id) || !options.suite)
      const parts = others.map(({ id }) => scoreTable(id, results))
      if (board.length > 0) parts.push(boardTables(board))
      parts.push(...differenceTables(results))
      terminal.out(`${parts.join('\n\n')}\n`)
      for (const line of warningLines(results)) terminal.err(`warning: ${line}\n`)
    }
    return results.every(({ error }) => error === undefined) ? 0 : 1
  } finally {
    await model.dispose()
  }
}

/** The model, as one of the kind that the tasks ask for. */
function openFor(ability: Ability, context: Context, options: RunCommandOptions): Promise<Subject> {
  if (ability === 'language') return openLanguage(options)
  return ability === 'outputs' ? openGeneratingModel(options.model) : context.openModel(options.model)
}

/** Equal warnings of a task's languages as one line. */
function warningLines(results: readonly ColumnResult[]): string[] {
  const lines = new Map<string, string[]>()
  for (const { task, language, system, warnings = [] } of results)
    for (const text of system === 'model' ? warnings : []) {
      const key = `${task}: ${text}`
      lines.set(key, [...(lines.get(key) ?? []), language])
    }
  return [...lines].map(([text, languages]) => `${text} (${languages.join(', ')})`)
}

/** `flageval compare`: the primary metric of every column that both runs have. */
export async function compareCommand(
  { terminal }: Context,
  first: string,
  second: string,
  options: { metric?: string; correction?: 'holm' | 'bh'; json?: boolean },
): Promise<void> {
  const [a, b] = [await openRun(first), await openRun(second)]
  const others = new Map(b.logs.map((log) => [columnKey(log.column), log]))
  const compared = a.logs.flatMap((log) => {
    const other = others.get(columnKey(log.column))
    if (log.column.system !== 'model' || !('records' in log) || !other || !('records' in other)) return []
    const info = a.run.prompted?.find(({ id }) => id === log.column.task)
    if (info) {
      const known = promptedMetrics(info, log.records as never)
      const [name, own] = known.find(([key]) => key === (options.metric ?? key)) ?? []
      if (name === undefined || own === undefined) return []
      return [{ ...log.column, comparison: compare(log.records, other.records, name, own as never) }]
    }
    const task = a.run.tasks.find(({ id }) => id === log.column.task)
    const metric = options.metric ?? task?.primary
    if (metric === undefined || !task?.metrics.includes(metric)) return []
    return [{ ...log.column, comparison: compare(log.records, other.records, metric) }]
  })
  if (compared.length === 0) {
    throw new FlagError('invalid-argument', `${first} and ${second} have no scored task in common`, {
      hint: options.metric ? `no shared task has the metric ${options.metric}` : 'run both on the same tasks',
    })
  }
  const nearChance = columnsNearChance([resultsOf(a.logs, a.run.tasks), resultsOf(b.logs, b.run.tasks)])
  const rows = adjusted(compared, options.correction)
  if (options.json) {
    printJson(terminal, { first: a.run.model, second: b.run.model, rows, nearChance })
    return
  }
  terminal.out(`first: ${a.run.model.name}, second: ${b.run.model.name}; difference is second less first\n`)
  terminal.out(`${comparisonTable(rows, options.correction)}\n`)
  for (const name of nearChance)
    terminal.err(`warning: ${name}: neither model differs from guessing; check the data\n`)
}

/** `flageval validate`: exit code 1 when something is wrong. */
export async function validateCommand(
  { terminal }: Context,
  folder: string,
  options: { json?: boolean },
): Promise<number> {
  const problems = await validate(folder)
  if (options.json) printJson(terminal, { folder, problems })
  else if (problems.length === 0)
    terminal.out(`${folder}: complete, and its results follow from its samples\n`)
  else terminal.out(problems.map((problem) => `${problem}\n`).join(''))
  return problems.length === 0 ? 0 : 1
}
