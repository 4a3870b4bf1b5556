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

/** How many inputs one measurement takes at each batch size: enough to be steady, few enough to take turns often. */
const COUNTS: Record<What, Record<number, number>> = {
  image: { 1: 4, 8: 8, 32: 32 },
  text: { 1: 16, 8: 32, 32: 64 },
}

/** Seconds that one measurement takes at least: those who are done sooner do it again. */
const STEADY = 2

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

/** Programs that take part in a comparison, by name. Those whose name ends in `bare` are bare loops. */
export type Children = Readonly<Record<string, Child>>

/** Inputs per second of every program, round by round, for one kind of input and one batch size. */
export interface Rates {
  readonly what: What
  readonly batch: number
  readonly rates: Readonly<Record<string, number[]>>
  /** Delays of event loops, p99 in milliseconds, where a program tells. */
  readonly delays: Readonly<Record<string, number[]>>
}

/**
 * Measures all programs by turns, `rounds` times, with pictures and texts in batches of every size. `shapes` are those
 * of a bare loop's runs. The first round warms up.
 */
export async function byTurns(
  children: Children,
  inputs: Readonly<Record<What, readonly string[]>>,
  shapes: (what: What, count: number, batch: number) => number[][],
  rounds: number,
  kinds: readonly What[] = ['image', 'text'],
): Promise<Rates[]> {
  const names = Object.keys(children)
  const lists = () => Object.fromEntries(names.map((name) => [name, [] as number[]]))
  const measured: Rates[] = []
  for (const what of kinds) {
    for (const [size, count] of Object.entries(COUNTS[what])) {
      const one = { what, batch: Number(size), rates: lists(), delays: lists() }
      const embeds = { what, inputs: inputs[what].slice(0, count), batch: one.batch }
      const bare = { what, shapes: shapes(what, count, one.batch) }
      for (let i = 0; i <= rounds; i++) {
        for (const name of names) {
          const request = name.endsWith('bare') ? bare : embeds
          let [seconds, times, delay] = [0, 0, 0]
          for (; seconds < STEADY; times++) {
            const reply = await children[name].ask(request)
            seconds += reply.seconds
            delay = Math.max(delay, reply.delayP99)
          }
          if (i === 0) continue
          one.rates[name].push((count * times) / seconds)
          one.delays[name].push(delay)
        }
      }
      measured.push(one)
      const medians = names.map((name) => `${name} ${median(one.rates[name]).toFixed(2)}`)
      console.error(`${what} × ${size}, a second: ${medians.join(', ')}`)
    }
  }
  return measured
}

/** Programs of a comparison by name: ours, a peer, and a bare loop over our graph. */
export interface Sides {
  readonly ours: string
  readonly theirs: string
  readonly bare: string
}

/** What one row of a table says of three programs. */
export function warmRow({ what, batch, rates, delays }: Rates, { ours, theirs, bare }: Sides): WarmRow {
  const quotient = (other: string) => ratioOf(rates[ours].map((rate, k) => rate / rates[other][k]))
  return {
    what,
    batch,
    ours: median(rates[ours]),
    theirs: median(rates[theirs]),
    bare: median(rates[bare]),
    toPeer: quotient(theirs),
    toBare: quotient(bare),
    delayP99: Math.max(...delays[ours]),
  }
}

/** Has a program of ours run until its packed models, where it uses any, are made and in their places. */
export async function settle(
  child: Child,
  inputs: Readonly<Record<What, readonly string[]>>,
  times: number,
): Promise<void> {
  for (let i = 0; i < times; i++) {
    await child.ask({ what: 'image', inputs: inputs.image.slice(0, 8), batch: 8 })
    await child.ask({ what: 'text', inputs: inputs.text.slice(0, 32), batch: 8 })
  }
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
function greatestDifference(ours: Child, theirs: Child): number {
  const numbers = ({ first }: Child) => [...(first.text as number[]), ...(first.image as number[])]
  const expected = numbers(theirs)
  return Math.max(...numbers(ours).map((value, i) => Math.abs(value - expected[i])))
}
