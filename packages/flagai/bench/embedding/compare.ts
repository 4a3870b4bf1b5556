import { type Child, startChild } from './child.ts'

export type What = 'image' | 'text'

/** The ratio of a figure to a peer's: the median over rounds, the least and the greatest. */
export interface Ratio {
  readonly ratio: number
  readonly spread: readonly [number, number]
}

export interface ColdRow extends Ratio {
  readonly title: string
  /** Seconds from the start of the process to the first picture's and text's vectors; medians. */
  readonly ours: number
  readonly theirs: number
  /** The greatest difference of the first eight numbers of those vectors. */
  readonly difference: number
}

export interface WarmRow {
  readonly what: What
  readonly batch: number
  /** Inputs per second, medians. */
  readonly ours: number
  readonly theirs: number
  readonly bare: number
  readonly toPeer: Ratio
  readonly toBare: Ratio
  /** Of our event loop, in milliseconds, the greatest over the rounds. */
  readonly delayP99: number
}

/** Our int8 beside PyTorch's float32, and beside its own int8. */
export interface ReducedRow {
  readonly what: What
  readonly batch: number
  /** Inputs per second, medians. */
  readonly ours: number
  readonly float32: number
  readonly int8: number
  readonly toFloat32: Ratio
  readonly toInt8: Ratio
}

/** How many inputs one measurement takes at each batch size: enough to be steady, few enough to take turns often. */
const COUNTS: Record<What, Record<number, number>> = {
  image: { 1: 2, 8: 8, 32: 32 },
  text: { 1: 16, 8: 32, 32: 64 },
}

/** Starts both sides by turns until each has answered for the first time. The files are in the page cache for both. */
export async function coldStarts(
  title: string,
  start: { ours(): Promise<Child>; theirs(): Promise<Child> },
  times: number,
): Promise<ColdRow> {
  await (await start.ours()).end()
  const seconds: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] }
  let difference = 0
  for (let i = 0; i < times; i++) {
    const ours = await start.ours()
    await ours.end()
    const theirs = await start.theirs()
    await theirs.end()
    seconds.ours.push(ours.opened)
    seconds.theirs.push(theirs.opened)
    difference = Math.max(difference, greatestDifference(ours, theirs))
  }
  const ratio = ratioOf(seconds.ours.map((ours, i) => ours / seconds.theirs[i]))
  return { title, ours: median(seconds.ours), theirs: median(seconds.theirs), difference, ...ratio }
}

/** One side of a comparison, and what it is asked. */
interface Side {
  readonly child: Child
  request(what: What, inputs: readonly string[], batch: number): object
}

interface Rates<K extends string> {
  readonly what: What
  readonly batch: number
  /** Inputs per second, by round. */
  readonly rates: Record<K, number[]>
  /** Of the event loops, in milliseconds, where a side tells. */
  readonly delays: Record<K, number[]>
}

/** Measures all sides by turns, `rounds` times, with pictures and texts in batches of every size. */
async function byTurns<K extends string>(
  sides: Record<K, Side>,
  inputs: Readonly<Record<What, readonly string[]>>,
  rounds: number,
): Promise<Rates<K>[]> {
  const names = Object.keys(sides) as K[]
  const lists = () => Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<K, number[]>
  const measured: Rates<K>[] = []
  for (const what of ['image', 'text'] as const) {
    for (const [size, count] of Object.entries(COUNTS[what])) {
      const one = { what, batch: Number(size), rates: lists(), delays: lists() }
      for (let i = 0; i <= rounds; i++) {
        for (const name of names) {
          const { child, request } = sides[name]
          const reply = await child.ask(request(what, inputs[what].slice(0, count), one.batch))
          // The first round warms up.
          if (i === 0) continue
          one.rates[name].push(count / reply.seconds)
          one.delays[name].push(reply.delayP99)
        }
      }
      measured.push(one)
      const medians = names.map((name) => `${name} ${median(one.rates[name]).toFixed(2)}`)
      console.error(`${what} × ${size}, a second: ${medians.join(', ')}`)
    }
  }
  return measured
}

const embeds = (child: Child): Side => ({
  child,
  request: (what, inputs, batch) => ({ what, inputs, batch }),
})

const quotient = (ours: readonly number[], theirs: readonly number[]): Ratio =>
  ratioOf(ours.map((rate, k) => rate / theirs[k]))

/** Inputs per second of both sides and of a bare loop, by turns. `shapes` are those of the bare loop's runs. */
export async function warmRates(
  children: { ours: Child; theirs: Child; bare: Child },
  inputs: Readonly<Record<What, readonly string[]>>,
  shapes: (what: What, count: number, batch: number) => number[][],
  rounds: number,
): Promise<WarmRow[]> {
  const bare: Side = {
    child: children.bare,
    request: (what, some, batch) => ({ what, shapes: shapes(what, some.length, batch) }),
  }
  const sides = { ours: embeds(children.ours), theirs: embeds(children.theirs), bare }
  return (await byTurns(sides, inputs, rounds)).map(({ what, batch, rates, delays }) => ({
    what,
    batch,
    ours: median(rates.ours),
    theirs: median(rates.theirs),
    bare: median(rates.bare),
    toPeer: quotient(rates.ours, rates.theirs),
    toBare: quotient(rates.ours, rates.bare),
    delayP99: Math.max(...delays.ours),
  }))
}

/** Inputs per second of our int8 and of PyTorch in float32 and in int8, by turns. */
export async function reducedRates(
  children: { ours: Child; float32: Child; int8: Child },
  inputs: Readonly<Record<What, readonly string[]>>,
  rounds: number,
): Promise<ReducedRow[]> {
  const { ours, float32, int8 } = children
  const sides = { ours: embeds(ours), float32: embeds(float32), int8: embeds(int8) }
  return (await byTurns(sides, inputs, rounds)).map(({ what, batch, rates }) => ({
    what,
    batch,
    ours: median(rates.ours),
    float32: median(rates.float32),
    int8: median(rates.int8),
    toFloat32: quotient(rates.ours, rates.float32),
    toInt8: quotient(rates.ours, rates.int8),
  }))
}

/** Our side with a class of @flag/ai on a folder. */
export const startFlag = (
  script: string,
  className: string,
  folder: string,
  threads: string,
  first: readonly string[],
  dtype = 'auto',
) => startChild(process.execPath, [script, className, folder, threads, ...first, dtype])

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

function ratioOf(ratios: readonly number[]): Ratio {
  return { ratio: median(ratios), spread: [Math.min(...ratios), Math.max(...ratios)] }
}

/** Of the first eight numbers of the first picture's and text's vectors. */
export function greatestDifference(ours: Child, theirs: Child): number {
  const numbers = ({ first }: Child) => [...(first.text as number[]), ...(first.image as number[])]
  const expected = numbers(theirs)
  return Math.max(...numbers(ours).map((value, i) => Math.abs(value - expected[i])))
}
