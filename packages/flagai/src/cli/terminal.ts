/** Where a command writes: results to `out`, everything else to `err`. */
export interface Terminal {
  out(text: string): void
  err(text: string): void
  /** Progress bars are drawn only for people. */
  readonly isInteractive: boolean
}

export const processTerminal: Terminal = {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  isInteractive: process.stderr.isTTY === true,
}

const SECOND = 1_000_000_000n

const clock = (seconds: number) =>
  `${Math.trunc(seconds / 60)}:${String(Math.trunc(seconds % 60)).padStart(2, '0')}`

/** A progress bar on stderr, for work that takes longer than a second. Draws nothing when not on a terminal. */
export class Progress {
  readonly #terminal: Terminal
  readonly #label: string
  readonly #now: () => bigint
  readonly #format: (count: number) => string
  readonly #start: bigint
  #last = 0n
  #drawn = false

  constructor(
    terminal: Terminal,
    label: string,
    {
      now = process.hrtime.bigint,
      format = (count: number) => count.toFixed(count < 10 && !Number.isInteger(count) ? 1 : 0),
    }: { now?: () => bigint; format?: (count: number) => string } = {},
  ) {
    this.#terminal = terminal
    this.#label = label
    this.#now = now
    this.#format = format
    this.#start = now()
  }

  update = (done: number, total: number): void => {
    if (!this.#terminal.isInteractive) return
    const now = this.#now()
    const elapsed = now - this.#start
    if (elapsed < SECOND || (now - this.#last < SECOND / 10n && done < total)) return
    this.#last = now
    this.#drawn = true
    const rate = done / (Number(elapsed) / 1e9)
    const filled = Math.round((done / total) * 24)
    const bar = '█'.repeat(filled) + '░'.repeat(24 - filled)
    const left = rate > 0 ? clock((total - done) / rate) : '–'
    const format = this.#format
    this.#terminal.err(
      `\r\x1b[2K${this.#label} ${bar} ${format(done)}/${format(total)} · ${format(rate)}/s · ${left} left`,
    )
  }

  /** Wipes the bar, so that what follows starts on a clean line. */
  end(): void {
    if (this.#drawn) this.#terminal.err('\r\x1b[2K')
  }
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

/** Rows as aligned columns; columns named in `right` are right-aligned. */
export function columns(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths: number[] = []
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, textWidth(cell))
    })
  return rows
    .map((row) =>
      row
        .map((cell, i) => {
          const padding = ' '.repeat(widths[i] - textWidth(cell))
          return right.includes(i) ? padding + cell : cell + padding
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
