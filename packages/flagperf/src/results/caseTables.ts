import { coldNumbers } from './cold.ts'
import { energyNumbers } from './energy.ts'
import { generateNumbers, type Percentiles } from './generate.ts'
import { opNumbers } from './op.ts'
import type { CaseRaw, CaseRow } from './schema.ts'
import { soakNumbers } from './soak.ts'
import { digits, percent } from './table.ts'
import { trainNumbers } from './train.ts'

/** Models, the machine and comparisons have sections of their own form. */
type Kind = Exclude<CaseRaw['kind'], 'model' | 'base' | 'comparison'>
type RawOf<K extends Kind> = Extract<CaseRaw, { kind: K }>

interface Section<K extends Kind> {
  readonly title: string
  readonly header: readonly string[]
  cells(raw: RawOf<K>): readonly string[]
  /** Lines under the table. */
  note?(raw: RawOf<K>): string | undefined
}

const megabytes = (bytes: number) => `${digits(bytes / 2 ** 20)} MB`
const three = (percentiles: Percentiles) =>
  percentiles === null
    ? ['–', '–', '–']
    : [digits(percentiles.p50), digits(percentiles.p90), digits(percentiles.p99)]

/** How each kind of case is shown: a table with a row for each, and what has to be said below it. */
const sections: { [K in Kind]: Section<K> } = {
  op: {
    title: 'Operators',
    header: [
      'operator',
      'first ms',
      'call us',
      'kernel us',
      'calls/s',
      'GFLOP/s',
      'GB/s',
      'ran on',
      'off by',
    ],
    cells(raw) {
      const numbers = opNumbers(raw)
      const where = numbers.providers.map((name) => name.replace('ExecutionProvider', '')).join(', ')
      return [
        digits(numbers.firstMs),
        digits(numbers.callUs),
        digits(numbers.kernelUs),
        digits(numbers.callsPerSecond),
        digits(numbers.gigaflops),
        digits(numbers.gigabytes),
        numbers.fellBack ? `**${where}**` : where,
        numbers.relativeError === undefined ? '–' : (numbers.relativeError?.toExponential(1) ?? 'not finite'),
      ]
    },
  },
  cold: {
    title: 'Cold start',
    header: [
      'case',
      'to first result ms',
      'range',
      'runtime ms',
      'open ms',
      'first run ms',
      'second run ms',
      'memory',
      'processes',
    ],
    cells(raw) {
      const { toFirstResultMs: total, ...numbers } = coldNumbers(raw)
      return [
        digits(total.median),
        `${digits(total.min)} to ${digits(total.max)}`,
        digits(numbers.runtimeMs),
        digits(numbers.openMs),
        digits(numbers.firstRunMs),
        digits(numbers.secondRunMs),
        megabytes(numbers.residentBytes),
        String(numbers.processes),
      ]
    },
  },
  soak: {
    title: 'Memory over time',
    header: ['case', 'runs', 'seconds', 'memory', 'bytes per run', '95 % interval', 'growth'],
    cells(raw) {
      const { runs, seconds, residentBytes, bytesPerRun: line, verdict } = soakNumbers(raw)
      const whole = (value: number) => value.toFixed(0)
      return [
        String(runs),
        digits(seconds),
        megabytes(residentBytes),
        line === null ? '–' : whole(line.slope),
        line === null ? '–' : `${whole(line.low)} to ${whole(line.high)}`,
        verdict,
      ]
    },
  },
  energy: {
    title: 'Energy',
    header: ['case', 'runs', 'meter', 'W', 'W idle', 'J per run', 'J per run above idle'],
    cells(raw) {
      const { runs, meters } = energyNumbers(raw)
      if (meters.length === 0) return [String(runs), 'unavailable', '–', '–', '–', '–']
      const all = (text: (meter: (typeof meters)[number]) => string) => meters.map(text).join('; ')
      return [
        String(runs),
        all(({ method }) => method),
        all(({ workWatts }) => digits(workWatts)),
        all(({ idleWatts }) => digits(idleWatts)),
        all(({ joulesPerRun }) => digits(joulesPerRun)),
        all(({ joulesPerRunAboveIdle: joules }) => (joules < 0 ? joules.toPrecision(3) : digits(joules))),
      ]
    },
    note(raw) {
      const { unavailable } = energyNumbers(raw)
      const reasons = Object.entries(unavailable).map(([meter, reason]) => `${meter}: ${reason}`)
      return reasons.length === 0 ? undefined : `Not metered: ${reasons.join('; ')}.`
    },
  },
  train: {
    title: 'Training',
    header: [
      'case',
      'steps',
      'step ms',
      'first step ms',
      'samples/s',
      'loss',
      'quality',
      'seconds to quality',
    ],
    cells(raw) {
      const numbers = trainNumbers(raw)
      const { target } = raw
      return [
        String(numbers.steps),
        digits(numbers.stepMs),
        digits(numbers.firstStepMs),
        digits(numbers.samplesPerSecond),
        digits(numbers.finalLoss),
        numbers.finalQuality === null
          ? '–'
          : `${target?.metric ?? ''} ${digits(numbers.finalQuality)}`.trim(),
        target === undefined
          ? '–'
          : `${numbers.secondsToQuality === null ? 'not reached' : digits(numbers.secondsToQuality)} (${target.metric} ${target.value})`,
      ]
    },
  },
  generate: {
    title: 'Generation',
    header: [
      'case',
      'requests',
      'failed',
      'TTFT ms p50',
      'p90',
      'p99',
      'ITL ms p50',
      'p90',
      'p99',
      'TPOT ms p50',
      'p90',
      'p99',
      'tokens/s',
      'requests/s',
      'goodput/s',
    ],
    cells(raw) {
      const numbers = generateNumbers(raw)
      return [
        String(numbers.requests),
        String(numbers.failed),
        ...three(numbers.ttftMs),
        ...three(numbers.itlMs),
        ...three(numbers.tpotMs),
        digits(numbers.tokensPerSecond),
        digits(numbers.requestsPerSecond),
        digits(numbers.goodput),
      ]
    },
    note(raw) {
      const { errors } = generateNumbers(raw)
      const failures = Object.entries(errors).map(([message, count]) => `${count} × ${message}`)
      return failures.length === 0 ? undefined : `Failed: ${failures.join('; ')}.`
    },
  },
}

/** A table of cases of one kind, and sentences that belong to it. */
export interface CaseTable {
  readonly title: string
  readonly header: readonly string[]
  readonly body: readonly (readonly string[])[]
  readonly notes: readonly string[]
}

/** The tables of a report on these rows, for each kind that there is. */
export const caseTables = (rows: readonly CaseRow[]): CaseTable[] =>
  (Object.keys(sections) as Kind[]).flatMap((kind) => tableOf(kind, rows))

function tableOf<K extends Kind>(kind: K, rows: readonly CaseRow[]): CaseTable[] {
  const section = sections[kind]
  const own = rows.flatMap(({ name, raw }) => (raw?.kind === kind ? [{ name, raw: raw as RawOf<K> }] : []))
  if (own.length === 0) return []
  const notes = [...new Set(own.flatMap(({ raw }) => section.note?.(raw) ?? []))]
  if (kind === 'op' && own.some(({ raw }) => opNumbers(raw as RawOf<'op'>).fellBack))
    notes.push(`In bold: not where it was asked to run (${percent(fellBackShare(rows))} of the operators).`)
  const body = own.map(({ name, raw }) => [name, ...section.cells(raw)])
  return [{ title: section.title, header: section.header, body, notes }]
}

function fellBackShare(rows: readonly CaseRow[]): number {
  const own = rows.flatMap(({ raw }) => (raw?.kind === 'op' ? [opNumbers(raw).fellBack] : []))
  return own.filter(Boolean).length / own.length
}
