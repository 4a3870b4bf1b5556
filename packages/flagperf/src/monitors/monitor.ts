/** Values by the name of their column; `null` for one that could not be read this time. */
export type Reading = Readonly<Record<string, number | null>>

/** A running monitor. */
export interface Watch {
  read(): Reading | Promise<Reading>
  stop?(): void
}

/** Something of the machine that can be read again and again while a case runs. */
export interface Monitor {
  readonly name: string
  /** Columns and their units: `{ 'memory.available': 'B' }`. */
  readonly columns: Readonly<Record<string, string>>
  /** Begins. Gives the reason, as a text, where this machine does not tell: that is not the same as 0. */
  start(watched: Watched): Watch | string | Promise<Watch | string>
}

/** What is watched besides the machine. */
export interface Watched {
  /** The process of the case that runs, if one does. */
  pid(): number | undefined
}
