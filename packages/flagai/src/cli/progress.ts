import { LiveLine, type Terminal } from '@flag/core-tensor/terminal'

const clock = (seconds: number) =>
  `${Math.trunc(seconds / 60)}:${String(Math.trunc(seconds % 60)).padStart(2, '0')}`

/** A progress bar, for work that takes longer than a second. */
export class Progress {
  readonly #line: LiveLine
  readonly #label: string
  readonly #format: (count: number) => string

  constructor(
    terminal: Terminal,
    label: string,
    {
      now,
      format = (count: number) => count.toFixed(count < 10 && !Number.isInteger(count) ? 1 : 0),
    }: { now?: () => bigint; format?: (count: number) => string } = {},
  ) {
    this.#line = new LiveLine(terminal, now)
    this.#label = label
    this.#format = format
  }

  update = (done: number, total: number): void =>
    this.#line.show((seconds) => {
      const rate = done / seconds
      const filled = Math.round((done / total) * 24)
      const bar = '█'.repeat(filled) + '░'.repeat(24 - filled)
      const left = rate > 0 ? clock((total - done) / rate) : '–'
      const format = this.#format
      return `${this.#label} ${bar} ${format(done)}/${format(total)} · ${format(rate)}/s · ${left} left`
    }, done >= total)

  /** Wipes the bar, so that what follows starts on a clean line. */
  end(): void {
    this.#line.end()
  }
}
