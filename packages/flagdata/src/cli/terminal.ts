/** Where a command writes: results to `out`, everything else to `err`. */
export interface Terminal {
  out(text: string): void
  err(text: string): void
  /** Progress lines are drawn only for people. */
  readonly isInteractive: boolean
}

export const processTerminal: Terminal = {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  isInteractive: process.stderr.isTTY === true,
}

const SECOND = 1_000_000_000n

/** A line on stderr that says how far a run is, for runs of more than a second. Draws nothing when not on a terminal. */
export class ProgressLine {
  readonly #terminal: Terminal
  readonly #now: () => bigint
  readonly #start: bigint
  #last = 0n
  #drawn = false
  #documents = 0
  #bytes = 0

  constructor(terminal: Terminal, now: () => bigint = process.hrtime.bigint) {
    this.#terminal = terminal
    this.#now = now
    this.#start = now()
  }

  update = (progress: {
    phase: string
    done: number
    total: number
    documents: number
    bytes: number
  }): void => {
    this.#documents += progress.documents
    this.#bytes += progress.bytes
    if (!this.#terminal.isInteractive) return
    const now = this.#now()
    const elapsed = now - this.#start
    if (elapsed < SECOND || now - this.#last < SECOND / 10n) return
    this.#last = now
    this.#drawn = true
    const seconds = Number(elapsed) / 1e9
    const rates = `${(this.#documents / seconds).toFixed(0)} docs/s · ${(this.#bytes / 1e6 / seconds).toFixed(1)} MB/s`
    const { phase, done, total } = progress
    this.#terminal.err(`\r\x1b[2K${phase} ${done}/${total} · ${this.#documents} documents · ${rates}`)
  }

  /** Wipes the line, so that what follows starts on a clean one. */
  end(): void {
    if (this.#drawn) this.#terminal.err('\r\x1b[2K')
  }
}

/** Rows as aligned columns; columns named in `right` are right-aligned. */
export function columns(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths: number[] = []
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length)
    })
  return rows
    .map((row) =>
      row
        .map((cell, i) => (right.includes(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Text from documents as a terminal may show it: control characters cannot move the cursor. */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}]/gu, (char) => (char === '\n' ? '\n' : char === '\t' ? ' ' : '\u{fffd}'))
