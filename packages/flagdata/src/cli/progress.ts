import { LiveLine, type Terminal } from '@flag/core-tensor/terminal'
import type { RunOptions } from '../executors/local.ts'

/** Reasons that fit on the line. */
const REASONS = 3

/** A line that says how far a run is, for runs of more than a second. */
export class ProgressLine {
  readonly #line: LiveLine
  #documents = 0
  #bytes = 0
  readonly #removed = new Map<string, number>()
  /** Where the phase was when its line was first drawn. */
  #from = { phase: '', done: 0, seconds: 0 }

  constructor(terminal: Terminal, now?: () => bigint) {
    this.#line = new LiveLine(terminal, now)
  }

  update: NonNullable<RunOptions['onProgress']> = ({ phase, done, total, documents, bytes, removed }) => {
    this.#documents += documents
    this.#bytes += bytes
    for (const [reason, count] of Object.entries(removed))
      this.#removed.set(reason, (this.#removed.get(reason) ?? 0) + count)
    this.#line.show((seconds) => {
      if (this.#from.phase !== phase) this.#from = { phase, done, seconds }
      const parts = [`${phase} ${done}/${total}`]
      const each = (seconds - this.#from.seconds) / (done - this.#from.done)
      if (Number.isFinite(each) && done < total) parts.push(`${duration(each * (total - done))} left`)
      const rates = `${(this.#documents / seconds).toFixed(0)} docs/s · ${(this.#bytes / 1e6 / seconds).toFixed(1)} MB/s`
      if (this.#documents > 0) parts.push(`${this.#documents} documents`, rates, ...this.#drops())
      return parts.join(' · ')
    })
  }

  #drops(): string[] {
    const top = [...this.#removed].sort(([, a], [, b]) => b - a)
    if (top.length === 0) return []
    const named = top.slice(0, REASONS).map(([reason, count]) => `${reason} ${count}`)
    const others = top.slice(REASONS).reduce((sum, [, count]) => sum + count, 0)
    return [`removed: ${[...named, ...(others > 0 ? [`others ${others}`] : [])].join(', ')}`]
  }

  /** Wipes the line, so that what follows starts on a clean one. */
  end(): void {
    this.#line.end()
  }
}

/** `45 s`, `12 min`, `3 h 5 min`. */
function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
