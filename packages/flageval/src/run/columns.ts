import { isPictured, type Task } from '../tasks/task.ts'
import { type PerturbationName, perturbationNames } from '../wrappers/perturbations.ts'

/** Who is scored: the model of the run, also on perturbed questions, or the baseline that compares pixels. */
export type System = 'model' | PerturbedSystem | 'raw pixels'
type PerturbedSystem = `perturbed by ${PerturbationName}`

/** The model on questions that a perturbation changed. */
const perturbedSystem = (name: PerturbationName): PerturbedSystem => `perturbed by ${name}`

/** The perturbation of the questions that a system was asked; undefined where they are as the data has them. */
export const perturbationOf = (system: System): PerturbationName | undefined =>
  perturbationNames.find((name) => system === perturbedSystem(name))

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

/** The columns of tasks, in the order they are run. `languages` restricts them, each perturbation adds to them. */
export function columnsOf(
  tasks: readonly Task[],
  languages?: readonly string[],
  perturbations: readonly PerturbationName[] = [],
): Column[] {
  return tasks.flatMap((task) => {
    const { id, version, ownPictures, languages: own } = task
    const chosen = own.filter((language) => languages === undefined || languages.includes(language))
    if (chosen.length === 0) return []
    const column =
      (system: System) =>
      (language: string): Column => ({ task: id, version, system, language })
    const pictured = !isPictured(task) ? [] : ownPictures ? chosen : ['*']
    const asked: System[] = ['model', ...perturbations.map(perturbedSystem)]
    return [...pictured.map(column('raw pixels')), ...asked.flatMap((system) => chosen.map(column(system)))]
  })
}

/** The column of a task in lm-eval's dialect, which says of no language. */
const promptedColumn = (
  { id, version }: { id: string; version: string | number | null },
  system: System = 'model',
): Column => ({ task: id, version: Number(version) || 0, system, language: '*' })

/** The columns of such a task: as its documents are, and by each perturbation. */
export const promptedColumns = (
  info: { id: string; version: string | number | null },
  perturbations: readonly PerturbationName[] = [],
): Column[] => [
  promptedColumn(info),
  ...perturbations.map((name) => promptedColumn(info, perturbedSystem(name))),
]
