import { createHash } from 'node:crypto'
import { cacheFile, FrameFile } from './frameFile.ts'

/**
 * What a model answered, in one append-only file for each fingerprint: a request of another model is never found, and a
 * kill loses the batch that was being written and no other.
 */
export class RequestCache {
  readonly #file: FrameFile
  readonly #answers: Map<string, unknown>

  private constructor(file: FrameFile, answers: Map<string, unknown>) {
    this.#file = file
    this.#answers = answers
  }

  /** Opens or creates the file of a model in a folder. */
  static async open(folder: string, fingerprint: string): Promise<RequestCache> {
    const answers = new Map<string, unknown>()
    const path = await cacheFile(folder, fingerprint, 'answers')
    const file = await FrameFile.open(path, (frame) => {
      for (const [key, answer] of JSON.parse(frame.toString('utf8')) as [string, unknown][])
        answers.set(key, answer)
    })
    return new RequestCache(file, answers)
  }

  has(key: string): boolean {
    return this.#answers.has(key)
  }

  get(key: string): unknown {
    return this.#answers.get(key)
  }

  /** Keeps the answers of a batch under the keys of their requests. */
  async put(entries: readonly (readonly [key: string, answer: unknown])[]): Promise<void> {
    for (const [key, answer] of entries) this.#answers.set(key, answer)
    await this.#file.append(Buffer.from(JSON.stringify(entries)))
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

/** The key of a request: a SHA-256 of all that is asked. */
export const requestKeyOf = (request: unknown): string =>
  createHash('sha256').update(JSON.stringify(request)).digest('hex')
