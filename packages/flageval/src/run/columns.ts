import { isPictured, type Task } from '../tasks/task.ts'

/** Who is scored: the model of the run, or the baseline that compares pixels. */
export type System = 'model' | 'raw pixels'

/** What is scored at once: a task in one language. The baseline knows no language, unless pictures are made of it. */
export interface Column {
  readonly task: string
  readonly version: number
  readonly system: System
  /** A CLDR language code; `*` for the baseline where all languages have the same pictures. */
  readonly language: string
}

export const columnKey = ({ task, version, system, language }: Column): string =>
  [task, version, system, language].join(' ')

/** The columns of tasks, in the order they are run. `languages` restricts them. */
export function columnsOf(tasks: readonly Task[], languages?: readonly string[]): Column[] {
  return tasks.flatMap((task) => {
    const { id, version, ownPictures, languages: own } = task
    const chosen = own.filter((language) => languages === undefined || languages.includes(language))
    if (chosen.length === 0) return []
    const column =
      (system: System) =>
      (language: string): Column => ({ task: id, version, system, language })
    const pictured = !isPictured(task) ? [] : ownPictures ? chosen : ['*']
    return [...pictured.map(column('raw pixels')), ...chosen.map(column('model'))]
  })
}

/** The column of a task in lm-eval's dialect, which says of no language. */
export const promptedColumn = ({ id, version }: { id: string; version: string | number | null }): Column => ({
  task: id,
  version: Number(version) || 0,
  system: 'model',
  language: '*',
})
