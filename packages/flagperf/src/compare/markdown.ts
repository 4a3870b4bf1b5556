import type { ComparisonNumbers, RatioInterval } from './judge.ts'
import type { Agreement, ComparisonRaw } from './schema.ts'

const percent = (share: number, digits = 2) => `${(100 * share).toFixed(digits)} %`
const times = (ratio: number) => ratio.toFixed(4)
const interval = ({ ratio, low, high }: RatioInterval) => `${times(ratio)} (${times(low)} to ${times(high)})`
const clockNames = { wall: 'wall clock', cpu: "the processor's time" } as const
const number = (value: number | null) => (value === null ? 'not finite' : value.toPrecision(3))

/** The verdict in a sentence. */
function verdictSentence(raw: ComparisonRaw, numbers: ComparisonNumbers): string {
  const { verdict, ratio, noiseFloor, detectable } = numbers
  const [a, b] = namesOf(raw)
  if (verdict === 'no difference found')
    return (
      `No difference found between ${a} and ${b}: the ratio is ${interval(numbers)}, ` +
      `and one of ${percent(detectable)} would have been found nine times in ten.`
    )
  const by = percent(Math.abs(ratio - 1))
  return `${b} is ${verdict} than ${a} by ${by}: the ratio is ${interval(numbers)}, beyond the noise floor of ${percent(noiseFloor)}.`
}

/** Names that tell the two apart. */
function namesOf({ a, b }: ComparisonRaw): [string, string] {
  if (a.name !== b.name) return [a.name, b.name]
  return [`${a.name} (first)`, `${b.name} (second)`]
}

/** What differs between the options of the two, as a list of rows. */
function differingOptions({ a, b }: ComparisonRaw): [name: string, a: string, b: string][] {
  const names = [...new Set([...Object.keys(a.options), ...Object.keys(b.options)])]
  return names
    .filter((name) => a.options[name] !== b.options[name])
    .map((name) => [name, String(a.options[name] ?? '–'), String(b.options[name] ?? '–')])
}

/** What a report says of a comparison: a sentence, and rows of names and values. */
export function comparisonParts(raw: ComparisonRaw, numbers: ComparisonNumbers) {
  const { aMs, bMs, pairs, clock, waitingShare, confidence, otherClock, noiseFloor, detectable } = numbers
  const other = clock === 'wall' ? 'cpu' : 'wall'
  const rows: [string, string][] = [
    ['time of the first, of the second', `${aMs.toPrecision(4)} ms, ${bMs.toPrecision(4)} ms`],
    [`ratio by ${clockNames[clock]}, ${percent(confidence, 1)} interval`, interval(numbers)],
    [`ratio by ${clockNames[other]}`, interval(otherClock)],
    ['noise floor: each beside itself', percent(noiseFloor)],
    ['found nine times in ten', percent(detectable)],
    ['pairs of processes', String(pairs)],
    ['time without a processor', percent(waitingShare, 1)],
  ]
  const besides = [
    ['first beside the unoptimised CPU', raw.agreement.a],
    ['second beside the unoptimised CPU', raw.agreement.b],
    ['second beside first', raw.agreement.between],
  ] as const
  const agreements = besides.flatMap(([what, list]) =>
    list.map((each: Agreement) => [
      what,
      each.output,
      number(each.maxAbs),
      number(each.maxRel),
      each.cosine === null ? '–' : each.cosine.toFixed(7),
    ]),
  )
  return { sentence: verdictSentence(raw, numbers), options: differingOptions(raw), rows, agreements }
}
