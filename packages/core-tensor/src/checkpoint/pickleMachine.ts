import { FlagError } from '../errors.ts'
import { corrupt } from './source.ts'

/** A class or function that a pickle names; it is never imported, only compared. */
export class PickleGlobal {
  readonly module: string
  readonly name: string

  constructor(module: string, name: string) {
    this.module = module
    this.name = name
  }

  get id(): string {
    return `${this.module}.${this.name}`
  }
}

/** What a pickle may do, decided by its reader. */
export interface PickleRules {
  /** Names the file in errors. */
  readonly path: string
  /** True for globals that may appear. */
  allows(global: PickleGlobal): boolean
  /** The result of calling an allowed global. */
  call(global: PickleGlobal, args: readonly unknown[]): unknown
  /** The object behind a persistent id. */
  persistent(id: unknown): unknown
}

/** Thrown when the bytes end before the pickle does: a reader that gave only a part may give more. */
export class PickleTruncated extends FlagError {}

/** The error of a pickle that wants something that the rules do not allow. */
export function refused(path: string, id: string): FlagError {
  return new FlagError(
    'unsupported',
    `${path}: the pickle asks for ${id}, which is not allowed; nothing was executed`,
    {
      hint: 'checkpoints need only tensors and plain containers: save the state dict alone, or as safetensors',
    },
  )
}

const MARK = Symbol('mark')
/** Longest integer, in bytes: room for PyTorch's 80-bit magic number and more. */
const INTEGER_LIMIT = 64
const text = new TextDecoder('utf-8', { fatal: true })
const narrow = (value: bigint): number | bigint =>
  Number.isSafeInteger(Number(value)) ? Number(value) : value

/** The machine that opcodes act on: bytes and a place in them, a stack with marks, and the memo. */
export class PickleMachine {
  readonly rules: PickleRules
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #stack: unknown[] = []
  readonly #marks: number[] = []
  readonly #memo = new Map<number, unknown>()
  #at: number

  constructor(bytes: Uint8Array, rules: PickleRules, start: number) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.rules = rules
    this.#at = start
  }

  get at(): number {
    return this.#at
  }

  damaged(problem: string): FlagError {
    return corrupt(this.rules.path, `the pickle is damaged at byte ${this.#at}: ${problem}`)
  }

  #take(length: number): number {
    const from = this.#at
    if (from + length > this.#bytes.length) {
      const found = `ends at byte ${this.#bytes.length}, but ${length} bytes are expected at ${from}`
      throw new PickleTruncated('corrupt-file', `${this.rules.path}: the pickle ${found}`, {
        hint: 'the file is damaged or incomplete: copy or download it again',
      })
    }
    this.#at += length
    return from
  }

  readonly skip = (length: number): void => void this.#take(length)
  readonly uint8 = (): number => this.#bytes[this.#take(1)]
  readonly uint16 = (): number => this.#view.getUint16(this.#take(2), true)
  readonly uint32 = (): number => this.#view.getUint32(this.#take(4), true)
  readonly int32 = (): number => this.#view.getInt32(this.#take(4), true)
  readonly uint64 = (): number => Number(this.#view.getBigUint64(this.#take(8), true))
  readonly float64 = (): number => this.#view.getFloat64(this.#take(8), false)

  raw(length: number): Uint8Array {
    const from = this.#take(length)
    return this.#bytes.subarray(from, from + length)
  }

  string(length: number): string {
    const raw = this.raw(length)
    try {
      return text.decode(raw)
    } catch {
      throw this.damaged('a string is not UTF-8')
    }
  }

  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at)
    const line = this.string((end < 0 ? this.#bytes.length + 1 : end) - this.#at)
    this.#at += 1
    return line
  }

  /** A decimal integer of protocol 0, where `00` and `01` are the booleans. */
  integerLine(): number | bigint | boolean {
    const line = this.line()
    if (line === '00' || line === '01') return line === '01'
    if (!/^-?\d{1,150}L?$/.test(line))
      throw this.damaged(`${JSON.stringify(line.slice(0, 20))} is no integer`)
    return narrow(BigInt(line.replace('L', '')))
  }

  /** A little-endian two's complement integer of `length` bytes. */
  long(length: number): number | bigint {
    if (length > INTEGER_LIMIT) throw this.damaged(`an integer has ${length} bytes`)
    const value = this.raw(length).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
    return narrow(BigInt.asIntN(8 * length, value))
  }

  push(value: unknown): void {
    this.#stack.push(value)
  }

  top(): unknown {
    const value = this.#stack.at(-1)
    if (value === undefined || value === MARK) throw this.damaged('the stack is empty')
    return value
  }

  pop(): unknown {
    const value = this.top()
    this.#stack.pop()
    return value
  }

  /** The last `count` values, in the order they were pushed. */
  popMany(count: number): unknown[] {
    return Array.from({ length: count }, () => this.pop()).reverse()
  }

  mark(): void {
    this.#marks.push(this.#stack.length)
    this.#stack.push(MARK)
  }

  popMark(): unknown[] {
    const mark = this.#marks.pop()
    if (mark === undefined || this.#stack[mark] !== MARK) throw this.damaged('a mark is missing')
    return this.#stack.splice(mark).slice(1)
  }

  discard(): void {
    if (this.#stack.at(-1) === MARK) this.popMark()
    else this.pop()
  }

  remember(index: number = this.#memo.size): void {
    this.#memo.set(index, this.top())
  }

  recall(index: number): void {
    const value = this.#memo.get(index)
    if (value === undefined) throw this.damaged(`memo ${index} is empty`)
    this.push(value)
  }

  append(items: readonly unknown[]): void {
    const list = this.top()
    if (!Array.isArray(list)) throw this.damaged('items are appended to something that is no list')
    for (const item of items) list.push(item)
  }

  setItems(items: readonly unknown[]): void {
    const dict = this.top()
    if (!(dict instanceof Map) || items.length % 2 !== 0) {
      throw this.damaged('items are set in something that is no dict')
    }
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1])
  }

  addItems(items: readonly unknown[]): void {
    const set = this.top()
    if (!(set instanceof Set)) throw this.damaged('items are added to something that is no set')
    for (const item of items) set.add(item)
  }

  global(module: unknown, name: unknown): void {
    if (typeof module !== 'string' || typeof name !== 'string') throw this.damaged('a global has no name')
    const global = new PickleGlobal(module, name)
    if (!this.rules.allows(global)) throw refused(this.rules.path, global.id)
    this.push(global)
  }

  call(): void {
    const [callee, args] = this.popMany(2)
    if (!(callee instanceof PickleGlobal)) throw this.damaged('something that is no global is called')
    if (!Array.isArray(args)) throw this.damaged(`${callee.id} is called without a tuple`)
    this.push(this.rules.call(callee, args) ?? null)
  }
}
