import { FlagError } from '@flag/core-tensor'
import type { Sample, Section } from '@flag/report'
import type { Dataset } from '../datasets/dataset.ts'
import { shortHash } from '../records/record.ts'
import { isRight } from '../records/right.ts'
import type { ColumnLog } from '../run/sampleLog.ts'
import { loadTask } from '../tasks/task.ts'
import { type Shown, show } from './inspect.ts'
import { type OpenedRun, taskOf } from './openedRun.ts'
import { picturesOf, thumbnail } from './pictures.ts'

type ScoredLog = Extract<ColumnLog, { records: unknown }>
interface Member {
  readonly opened: OpenedRun
  readonly log: ScoredLog
}

/** The same task in the same language, as each of the runs answered it. */
interface Column {
  readonly task: string
  readonly language: string
  readonly members: readonly Member[]
}

/**
 * Samples of every task, of each at most `limit` in every language, the same ones of all models. Half of them are ones that
 * some model got wrong, as far as there are so many; which ones hangs on a hash of their names, not on the scores.
 */
export async function sampleSections(
  runs: readonly OpenedRun[],
  limit: number,
): Promise<{ sections: Section[]; warnings: string[] }> {
  const warnings: string[] = []
  const sections: Section[] = []
  const columns = columnsOf(runs)
  for (const task of new Set(columns.map((it) => it.task))) {
    const own = columns.filter((it) => it.task === task)
    const pictures: Record<string, string> = {}
    const samples: Sample[] = []
    for (const column of own) {
      const data = await load(column, warnings)
      const found = data ? picturesOf(data) : new Map()
      for (const shown of chosenOf(column, limit, data)) {
        const known = shown.pictures.filter(({ picture }) => found.has(picture))
        const keyOf = pictureKey(column)
        for (const { picture } of [...known, ...shown.candidates])
          if (picture !== undefined && found.has(picture))
            pictures[keyOf(picture)] ??= await thumbnail(found.get(picture))
        samples.push(sampleOf(shown, column, runs.length > 1, pictures))
      }
    }
    const total = own.reduce(
      (sum, { members }) => sum + members.reduce((n, { log }) => n + log.records.length, 0),
      0,
    )
    sections.push({ kind: 'samples', group: 'Samples', title: task, pictures, samples, total })
  }
  return { sections, warnings: [...new Set(warnings)] }
}

function columnsOf(runs: readonly OpenedRun[]): Column[] {
  const columns = new Map<string, Column & { members: Member[] }>()
  for (const opened of runs)
    for (const log of opened.logs) {
      const { task, language, system } = log.column
      if (system !== 'model' || !('records' in log)) continue
      const key = `${task} ${language}`
      const column = columns.get(key) ?? { task, language, members: [] }
      column.members.push({ opened, log })
      columns.set(key, column)
    }
  return [...columns.values()]
}

/** The name of a picture among those of all languages: where each has its own, one id names another picture in each. */
function pictureKey({ task: id, language, members: [{ opened }] }: Column): (picture: string) => string {
  const task = taskOf(opened, id)
  const isShared = typeof task?.dataset === 'string' && !task.ownPictures
  return (picture) => (isShared ? picture : `${language} ${picture}`)
}

/** The data of a column, for its texts and pictures; without its packages samples are shown as the records have them. */
async function load(
  { task: id, language, members: [{ opened }] }: Column,
  warnings: string[],
): Promise<Dataset | undefined> {
  const task = taskOf(opened, id)
  if (task === undefined) return undefined
  try {
    return await loadTask(task, language)
  } catch (error) {
    if (!(error instanceof FlagError)) throw error
    warnings.push(`Samples of ${id} are shown without pictures: ${error.message}`)
    return undefined
  }
}

interface Chosen extends Shown {
  readonly id: string
  readonly model: string
  /** Whether all models are right, none is, or they differ. */
  readonly agreement: string
}

function chosenOf({ members }: Column, limit: number, data: Dataset | undefined): Chosen[] {
  const rights = new Map<string, (boolean | null)[]>()
  for (const { log } of members)
    for (const record of log.records)
      rights.set(record.sample, [...(rights.get(record.sample) ?? []), isRight(record)])
  const names = [...rights.keys()].sort((a, b) => (shortHash(a) < shortHash(b) ? -1 : 1))
  const failed = names.filter((name) => rights.get(name)?.includes(false))
  const passed = names.filter((name) => !rights.get(name)?.includes(false))
  const wrong = Math.max(Math.ceil(limit / 2), limit - passed.length)
  const chosen = new Set([
    ...failed.slice(0, wrong),
    ...passed.slice(0, limit - Math.min(wrong, failed.length)),
  ])
  return members.flatMap(({ opened, log }) =>
    log.records
      .filter(({ sample }) => chosen.has(sample))
      .map((record) => ({
        ...show(record, data),
        id: record.sample,
        model: opened.name,
        agreement: agreementOf(rights.get(record.sample) ?? []),
      })),
  )
}

function agreementOf(rights: readonly (boolean | null)[]): string {
  if (rights.every((right) => right === true)) return 'all right'
  return rights.every((right) => right === false) ? 'all wrong' : 'they differ'
}

function sampleOf(
  { id, model, agreement, title, right, problem, pictures, texts, candidates, facts }: Chosen,
  column: Column,
  hasOthers: boolean,
  known: Readonly<Record<string, string>>,
): Sample {
  const { language } = column
  const keyOf = pictureKey(column)
  const outcomes = {
    true: { tone: 'good', label: 'right' },
    false: { tone: 'bad', label: 'wrong' },
    null: { tone: 'neutral', label: 'scored' },
  } as const
  return {
    id: `${model} ${language} ${id}`,
    title,
    outcome: outcomes[`${right}`],
    ...(problem !== undefined && { problem }),
    facets: { language, ...(hasOthers && { model, models: agreement }) },
    pictures: pictures
      .map(({ picture, ...rest }) => ({ picture: keyOf(picture), ...rest }))
      .filter(({ picture }) => Object.hasOwn(known, picture)),
    texts: texts.map((it) => ({ ...it, language })),
    scores: candidates.map(({ picture, ...rest }) => ({
      ...rest,
      ...(picture !== undefined && Object.hasOwn(known, keyOf(picture)) && { picture: keyOf(picture) }),
    })),
    facts,
  }
}
