import { markdownTable } from '../../../../tools/repo/section.ts'
import type { Memory } from './child.ts'
import type { ColdRow, Ratio, WarmRow } from './compare.ts'

/** What is wanted of each figure, where something is. */
export interface Goals {
  readonly cold?: number
  readonly memory?: number
  readonly image?: number
  readonly text?: number
  readonly bare?: number
}

const cell = ({ ratio, spread }: Ratio) =>
  `${ratio.toFixed(2)} (${spread.map((x) => x.toFixed(2)).join(' to ')})`
const goal = (sign: string, value: number | undefined) => (value === undefined ? '–' : `${sign} ${value}`)

export const coldTable = (peer: string, rows: readonly ColdRow[], goals: Goals): string =>
  markdownTable(
    ['start to first text and picture', 'Flag, s', `${peer}, s`, 'ratio', 'goal', 'largest difference'],
    rows.map((row) => [
      row.title,
      row.ours.toFixed(2),
      row.theirs.toFixed(2),
      cell(row),
      goal('≤', goals.cold),
      row.difference.toExponential(1),
    ]),
  )

export const warmTable = (peer: string, rows: readonly WarmRow[], goals: Goals): string =>
  markdownTable(
    [
      'per second',
      'batch',
      'Flag',
      peer,
      'ratio',
      'goal',
      'bare onnxruntime',
      'ratio',
      'goal',
      'event loop p99, ms',
    ],
    rows.map((row) => [
      row.what === 'image' ? 'pictures' : 'captions',
      String(row.batch),
      row.ours.toFixed(2),
      row.theirs.toFixed(2),
      cell(row.toPeer),
      goal('≥', goals[row.what]),
      row.bare.toFixed(2),
      cell(row.toBare),
      goal('≥', goals.bare),
      row.delayP99.toFixed(1),
    ]),
  )

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0)

export const memoryTable = (peer: string, memory: { ours: Memory; theirs: Memory }, goals: Goals): string =>
  markdownTable(
    ['most memory', 'Flag, MB', `${peer}, MB`, 'ratio', 'goal'],
    (
      [
        ['private', 'privateBytes', goals.memory],
        ['resident, mapped files included', 'residentBytes', undefined],
      ] as const
    ).map(([title, kind, wanted]) => [
      title,
      megabytes(memory.ours[kind]),
      megabytes(memory.theirs[kind]),
      (memory.ours[kind] / memory.theirs[kind]).toFixed(2),
      goal('≤', wanted),
    ]),
  )
