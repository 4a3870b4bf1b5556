import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeAtomic } from '../writers/atomic.ts'

/** What a selection notes of the documents of a piece: a number and the number of a group for each. */
export interface Notes {
  values: Float64Array
  groups: Uint32Array
  /** The groups' names. */
  names: readonly string[]
}

/** Collects numbers and groups: 12 bytes of memory and of disk per document. */
export class NoteTaker {
  readonly #values: number[] = []
  readonly #groups: number[] = []
  readonly #names = new Map<string, number>()

  add(value: number, group: string): void {
    let number = this.#names.get(group)
    if (number === undefined) {
      number = this.#names.size
      this.#names.set(group, number)
    }
    this.#values.push(value)
    this.#groups.push(number)
  }

  async commit(folder: string, piece: string): Promise<void> {
    const path = join(folder, 'notes', piece)
    await writeAtomic(`${path}.values`, new Uint8Array(Float64Array.from(this.#values).buffer))
    await writeAtomic(`${path}.groups`, new Uint8Array(Uint32Array.from(this.#groups).buffer))
    await writeAtomic(`${path}.names.json`, JSON.stringify([...this.#names.keys()]))
  }
}

const copy = (bytes: Buffer) => bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)

export async function readNotes(folder: string, piece: string): Promise<Notes> {
  const path = join(folder, 'notes', piece)
  return {
    values: new Float64Array(copy(await readFile(`${path}.values`))),
    groups: new Uint32Array(copy(await readFile(`${path}.groups`))),
    names: JSON.parse(await readFile(`${path}.names.json`, 'utf8')),
  }
}

/** The pieces of which notes were taken, in the order of the input. */
async function notedPieces(folder: string): Promise<string[]> {
  const names = (await readdir(join(folder, 'notes'))).filter((name) => name.endsWith('.values'))
  return names.map((name) => name.slice(0, -'.values'.length)).sort()
}

/** The numbers of all documents by group, in the order of the input. Numbers that are NaN are left out. */
export async function valuesByGroup(folder: string): Promise<Map<string, number[]>> {
  const all = new Map<string, number[]>()
  for (const piece of await notedPieces(folder)) {
    const { values, groups, names } = await readNotes(folder, piece)
    values.forEach((value, i) => {
      if (Number.isNaN(value)) return
      const list = all.get(names[groups[i]])
      if (list) list.push(value)
      else all.set(names[groups[i]], [value])
    })
  }
  return all
}

/** What a phase found out for every group. */
export const writeFindings = (folder: string, findings: unknown): Promise<void> =>
  writeAtomic(join(folder, 'findings.json'), `${JSON.stringify(findings)}\n`)

export async function readFindings<Findings>(folder: string): Promise<Findings> {
  return JSON.parse(await readFile(join(folder, 'findings.json'), 'utf8'))
}
