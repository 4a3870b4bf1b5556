import { LiveLine, type Terminal } from '@flag/core-tensor/terminal'

/** A line that says how far a run is, for runs of more than a second. */
export class ProgressLine {
  readonly #line: LiveLine
  #documents = 0
  #bytes = 0

  constructor(terminal: Terminal, now?: () => bigint) {
    this.#line = new LiveLine(terminal, now)
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
    const { phase, done, total } = progress
    this.#line.show((seconds) => {
      const rates = `${(this.#documents / seconds).toFixed(0)} docs/s · ${(this.#bytes / 1e6 / seconds).toFixed(1)} MB/s`
      return `${phase} ${done}/${total} · ${this.#documents} documents · ${rates}`
    })
  }

  /** Wipes the line, so that what follows starts on a clean one. */
  end(): void {
    this.#line.end()
  }
}
