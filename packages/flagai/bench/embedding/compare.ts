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

/** Inputs per second of both sides and of a bare loop, by turns. `shapes` are those of the bare loop's runs. */
export async function warmRates(
  children: { ours: Child; theirs: Child; bare: Child },
  inputs: Readonly<Record<What, readonly string[]>>,
  shapes: (what: What, count: number, batch: number) => number[][],
  rounds: number,
): Promise<WarmRow[]> {
  const rows: WarmRow[] = []
  for (const what of ['image', 'text'] as const) {
    for (const [size, count] of Object.entries(COUNTS[what])) {
      const batch = Number(size)
      const rates: Record<keyof typeof children, number[]> = { ours: [], theirs: [], bare: [] }
      const delays: number[] = []
      const request = { what, inputs: inputs[what].slice(0, count), batch }
      for (let i = 0; i <= rounds; i++) {
        const ours = await children.ours.ask(request)
        const theirs = await children.theirs.ask(request)
        const bare = await children.bare.ask({ what, shapes: shapes(what, count, batch) })
        // The first round warms up.
        if (i === 0) continue
        rates.ours.push(count / ours.seconds)
        rates.theirs.push(count / theirs.seconds)
        rates.bare.push(count / bare.seconds)
        delays.push(ours.delayP99)
      }
      const row = {
        what,
        batch,
        ours: median(rates.ours),
        theirs: median(rates.theirs),
        bare: median(rates.bare),
        toPeer: ratioOf(rates.ours.map((rate, k) => rate / rates.theirs[k])),
        toBare: ratioOf(rates.ours.map((rate, k) => rate / rates.bare[k])),
        delayP99: Math.max(...delays),
      }
      rows.push(row)
      console.error(
        `${what} × ${batch}: ${row.toPeer.ratio.toFixed(2)} × the peer, ${row.toBare.ratio.toFixed(2)} × bare`,
      )
    }
  }
  return rows
}

/** Our side with a class of @flag/ai on a folder. */
export const startFlag = (
  script: string,
  className: string,
  folder: string,
  threads: string,
  first: readonly string[],
) => startChild(process.execPath, [script, className, folder, threads, ...first])

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

function ratioOf(ratios: readonly number[]): Ratio {
  return { ratio: median(ratios), spread: [Math.min(...ratios), Math.max(...ratios)] }
}

function greatestDifference(ours: Child, theirs: Child): number {
  const numbers = ({ first }: Child) => [...(first.text as number[]), ...(first.image as number[])]
  const expected = numbers(theirs)
  return Math.max(...numbers(ours).map((value, i) => Math.abs(value - expected[i])))
}
