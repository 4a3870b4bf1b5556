import { DataError } from '../../errors.ts'
import { BinaryFile } from '../binaryFile.ts'
import { type Arguments, readArguments } from './arguments.ts'
import { Dictionary } from './dictionary.ts'
import { Rows } from './features.ts'
import { expf } from './float.ts'
import { type Predict, predictorOf } from './loss.ts'
import { type Matrix, type Residence, readMatrix } from './matrix.ts'

const { fround } = Math

export interface Prediction {
  /** As it stands in the model, such as `__label__en`. */
  label: string
  /** Its probability; with the losses `ns` and `ova` labels have probabilities of their own, which do not sum to one. */
  score: number
}

export interface OpenOptions {
  /**
   * Where the input matrix lives. `memory` reads it once; `file` reads rows when they are needed and keeps up to 64 MiB
   * of them. By default matrices of more than 256 MiB stay in the file.
   */
  matrix?: Residence
}

const MOST_IN_MEMORY = 256 * 1024 * 1024

/**
 * A fastText classifier from its `.bin` or `.ftz` file: language identification, quality, topics.
 *
 * Scores equal those of fastText's program built without fused multiply-add to the last bit (Debian's build and the
 * packages on PyPI are), for all losses, quantised or not.
 *
 * @example
 * const model = FastText.open('lid.176.ftz')
 * model.predict('Où est la bibliothèque ?') // [{ label: '__label__fr', score: 0.98… }]
 */
export class FastText {
  readonly path: string
  readonly arguments: Arguments
  /** All labels, the most frequent first. */
  readonly labels: readonly string[]
  readonly #file: BinaryFile
  readonly #dictionary: Dictionary
  readonly #input: Matrix
  readonly #predict: Predict
  readonly #hidden: Float32Array
  readonly #rows = new Rows()
  #bytes = Buffer.allocUnsafe(1 << 16)

  private constructor(file: BinaryFile, residence: OpenOptions['matrix']) {
    this.#file = file
    this.path = file.path
    const args = readArguments(file)
    this.arguments = args
    this.#dictionary = Dictionary.read(file, args)

    const inputIsQuantized = file.bool('the input matrix')
    this.#input = readMatrix(
      file,
      inputIsQuantized,
      residence ?? ((bytes) => (bytes > MOST_IN_MEMORY ? 'file' : 'memory')),
      'the input matrix',
    )
    if (!inputIsQuantized && this.#dictionary.pruned !== undefined)
      throw file.corrupt('a pruned dictionary with an input matrix that is not quantised')
    const outputIsQuantized = file.bool('the output matrix') && inputIsQuantized
    const output = readMatrix(file, outputIsQuantized, 'memory', 'the output matrix')

    this.labels = this.#dictionary.labels()
    for (const [name, matrix] of Object.entries({ input: this.#input, output }))
      if (matrix.columns !== args.dim)
        throw file.corrupt(`an ${name} matrix of ${matrix.columns} columns for vectors of ${args.dim}`)
    if (this.#input.rows < this.#dictionary.rows)
      throw file.corrupt(`an input matrix of ${this.#input.rows} rows, of ${this.#dictionary.rows} needed`)
    if (output.rows !== this.labels.length)
      throw file.corrupt(`an output matrix of ${output.rows} rows for ${this.labels.length} labels`)
    const { counts, words } = this.#dictionary.entries
    try {
      this.#predict = predictorOf(args.loss, output, counts.subarray(words))
    } catch (error) {
      throw error instanceof DataError ? file.corrupt(error.message) : error
    }
    this.#hidden = new Float32Array(args.dim)
  }

  /**
   * Opens a model.
   *
   * @throws DataError `not-found`, `io`; `corrupt-file` for what is not a model or not all of one; `unsupported` for word
   *   vectors and unknown versions
   */
  static open(path: string, { matrix }: OpenOptions = {}): FastText {
    const file = new BinaryFile(path, 'a fastText classifier (.bin or .ftz)')
    try {
      return new FastText(file, matrix)
    } catch (error) {
      file.close()
      throw error
    }
  }

  /**
   * The `k` most probable labels of a text, best first; all of them with `k: -1`. Line ends count as spaces. Nothing for
   * a text of which the model knows nothing at all.
   *
   * @throws DataError `invalid-argument` unless k is -1 or positive
   */
  predict(text: string, { k = 1, threshold = 0 }: { k?: number; threshold?: number } = {}): Prediction[] {
    if (!Number.isInteger(k) || (k <= 0 && k !== -1))
      throw new DataError('invalid-argument', `k: ${k}`, {
        hint: 'expected a whole number from 1, or -1 for all',
      })
    if (!this.#fillHidden(text)) return []
    const most = k === -1 ? this.labels.length : k
    return this.#predict(this.#hidden, most, fround(threshold)).map(({ label, score }) => ({
      label: this.labels[label],
      score: expf(score),
    }))
  }

  /** The mean of the vectors of a text's words and n-grams; false if it has none. */
  #fillHidden(text: string): boolean {
    // UTF-8 takes at most three bytes per UTF-16 unit.
    if (this.#bytes.length < 3 * text.length) this.#bytes = Buffer.allocUnsafe(4 * text.length)
    const length = this.#bytes.write(text)
    const rows = this.#rows
    rows.length = 0
    this.#dictionary.addLine(rows, this.#bytes, 0, length)
    if (rows.length === 0) return false
    const hidden = this.#hidden.fill(0)
    for (let i = 0; i < rows.length; i++) this.#input.addRow(hidden, rows.values[i])
    const share = fround(1 / rows.length)
    for (let j = 0; j < hidden.length; j++) hidden[j] = fround(hidden[j] * share)
    return true
  }

  /** Closes the file. A model whose matrix lives in memory can be used further. */
  close(): void {
    this.#file.close()
  }
}
