/** Where a command writes: results to `out`, everything else to `err`. */
export interface Terminal {
  out(text: string): void
  err(text: string): void
  /** Progress is drawn only for people. */
  readonly isInteractive: boolean
}

/** The terminal of this process. */
export const processTerminal: Terminal = {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  isInteractive: process.stderr.isTTY === true,
}

/** One JSON document on stdout. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.out(`${JSON.stringify(value, null, 2)}\n`)
}

const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u
const noWidth = /[\p{Mn}\p{Me}\p{Cf}]/u

/** Columns that a text takes on a terminal: two for East Asian characters, none for combining marks. */
export function textWidth(text: string): number {
  let width = 0
  for (const char of text) width += noWidth.test(char) ? 0 : wide.test(char) ? 2 : 1
  return width
}

/** Rows as aligned columns; those that `isRight` names by their index, from 0, are aligned at the right. */
export function columns(
  rows: readonly (readonly string[])[],
  isRight: (column: number) => boolean = () => false,
): string {
  const widths: number[] = []
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, textWidth(cell))
    })
  const aligned = (cell: string, i: number) => {
    const padding = ' '.repeat(widths[i] - textWidth(cell))
    return isRight(i) ? padding + cell : cell + padding
  }
  return rows.map((row) => row.map(aligned).join('  ').trimEnd()).join('\n')
}

/** Text from elsewhere as a terminal may show it: control characters cannot move the cursor. */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}]/gu, (char) => (char === '\n' ? '\n' : char === '\t' ? ' ' : '\u{fffd}'))

const SECOND = 1_000_000_000n
const WIPE = '\r\x1b[2K'

/**
 * A line on stderr that the next one takes the place of: once the work has taken a second, ten times a second at most,
 * and only where somebody is looking.
 */
export class LiveLine {
  readonly #terminal: Terminal
  readonly #now: () => bigint
  readonly #start: bigint
  #last = 0n
  #drawn = false

  /** `now` gives nanoseconds of a clock that only goes on. */
  constructor(terminal: Terminal, now: () => bigint = process.hrtime.bigint) {
    this.#terminal = terminal
    this.#now = now
    this.#start = now()
  }

  /** Draws `text(seconds since the start)`, if it is time for it; the last line is always worth drawing. */
  show(text: (seconds: number) => string, isLast = false): void {
    if (!this.#terminal.isInteractive) return
    const now = this.#now()
    const elapsed = now - this.#start
    if (elapsed < SECOND || (now - this.#last < SECOND / 10n && !isLast)) return
    this.#last = now
    this.#drawn = true
    this.#terminal.err(WIPE + text(Number(elapsed) / 1e9))
  }

  /** Wipes the line, so that what follows starts on a clean one. */
  end(): void {
    if (this.#drawn) this.#terminal.err(WIPE)
    this.#drawn = false
  }
}
