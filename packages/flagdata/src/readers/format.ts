import type { Document } from '../document.ts'
import type { ReadConfig } from '../pipeline/pipeline.ts'
import type { Piece } from './piece.ts'
import type { Range } from './ranges.ts'

/** Reports bad input that is passed over: its kind, its byte offset in the (decompressed) file, what was found. */
export type OnFault = (kind: string, offset: number, found: string) => void

/** What the package knows of a format that it reads. */
export interface Format {
  /** The names that files of the format have. */
  files: RegExp
  /** Such names, for messages. */
  examples: string
  /**
   * The ranges in which a file of more than `pieceBytes` is worked on, in order, all of it; one range where it cannot
   * be cut. The same file gives the same ranges. Damage is no error here: what reads the piece reports it.
   */
  cut(path: string, size: number, config: ReadConfig): Promise<Range[]>
  /** The documents that begin in a piece. */
  read(piece: Piece, config: ReadConfig, onFault: OnFault): AsyncGenerator<Document>
}
