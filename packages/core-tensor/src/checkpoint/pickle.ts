import { PickleMachine, type PickleRules, refused } from './pickleMachine.ts'

const STOP = 0x2e

/** What each opcode does. The names are those of Python's pickletools. */
const opcodes = new Map<number, (machine: PickleMachine) => void>([
  [0x80, proto],
  [0x95, (m) => m.skip(8)], // FRAME
  [0x28, (m) => m.mark()], // MARK
  [0x30, (m) => m.discard()], // POP
  [0x31, (m) => void m.popMark()], // POP_MARK
  [0x32, (m) => m.push(m.top())], // DUP
  [0x4e, (m) => m.push(null)], // NONE
  [0x88, (m) => m.push(true)], // NEWTRUE
  [0x89, (m) => m.push(false)], // NEWFALSE
  [0x49, (m) => m.push(m.integerLine())], // INT
  [0x4c, (m) => m.push(m.integerLine())], // LONG
  [0x4a, (m) => m.push(m.int32())], // BININT
  [0x4b, (m) => m.push(m.uint8())], // BININT1
  [0x4d, (m) => m.push(m.uint16())], // BININT2
  [0x8a, (m) => m.push(m.long(m.uint8()))], // LONG1
  [0x8b, (m) => m.push(m.long(m.uint32()))], // LONG4
  [0x46, (m) => m.push(Number(m.line()))], // FLOAT
  [0x47, (m) => m.push(m.float64())], // BINFLOAT
  [0x53, (m) => m.push(m.line().replace(/^(['"])(.*)\1$/, '$2'))], // STRING
  [0x54, (m) => m.push(m.string(m.uint32()))], // BINSTRING
  [0x55, (m) => m.push(m.string(m.uint8()))], // SHORT_BINSTRING
  [0x56, (m) => m.push(m.line())], // UNICODE
  [0x58, (m) => m.push(m.string(m.uint32()))], // BINUNICODE
  [0x8c, (m) => m.push(m.string(m.uint8()))], // SHORT_BINUNICODE
  [0x8d, (m) => m.push(m.string(m.uint64()))], // BINUNICODE8
  [0x42, (m) => m.push(m.raw(m.uint32()))], // BINBYTES
  [0x43, (m) => m.push(m.raw(m.uint8()))], // SHORT_BINBYTES
  [0x8e, (m) => m.push(m.raw(m.uint64()))], // BINBYTES8
  [0x96, (m) => m.push(m.raw(m.uint64()))], // BYTEARRAY8
  [0x5d, (m) => m.push([])], // EMPTY_LIST
  [0x29, (m) => m.push([])], // EMPTY_TUPLE
  [0x7d, (m) => m.push(new Map())], // EMPTY_DICT
  [0x8f, (m) => m.push(new Set())], // EMPTY_SET
  [0x6c, (m) => m.push(m.popMark())], // LIST
  [0x74, (m) => m.push(m.popMark())], // TUPLE
  [0x85, (m) => m.push(m.popMany(1))], // TUPLE1
  [0x86, (m) => m.push(m.popMany(2))], // TUPLE2
  [0x87, (m) => m.push(m.popMany(3))], // TUPLE3
  [0x91, (m) => m.push(new Set(m.popMark()))], // FROZENSET
  [0x64, dict],
  [0x61, (m) => m.append(m.popMany(1))], // APPEND
  [0x65, (m) => m.append(m.popMark())], // APPENDS
  [0x73, (m) => m.setItems(m.popMany(2))], // SETITEM
  [0x75, (m) => m.setItems(m.popMark())], // SETITEMS
  [0x90, (m) => m.addItems(m.popMark())], // ADDITEMS
  [0x67, (m) => m.recall(Number(m.line()))], // GET
  [0x68, (m) => m.recall(m.uint8())], // BINGET
  [0x6a, (m) => m.recall(m.uint32())], // LONG_BINGET
  [0x70, (m) => m.remember(Number(m.line()))], // PUT
  [0x71, (m) => m.remember(m.uint8())], // BINPUT
  [0x72, (m) => m.remember(m.uint32())], // LONG_BINPUT
  [0x94, (m) => m.remember()], // MEMOIZE
  [0x63, (m) => m.global(m.line(), m.line())], // GLOBAL
  [0x93, stackGlobal],
  [0x52, (m) => m.call()], // REDUCE
  [0x81, (m) => m.call()], // NEWOBJ
  [0x62, build],
  [0x50, (m) => m.push(m.rules.persistent(m.line()) ?? null)], // PERSID
  [0x51, (m) => m.push(m.rules.persistent(m.pop()) ?? null)], // BINPERSID
  [0x69, instance],
])

function proto(machine: PickleMachine): void {
  const protocol = machine.uint8()
  if (protocol > 5) throw machine.damaged(`the protocol is ${protocol}, expected at most 5`)
}

function dict(machine: PickleMachine): void {
  const items = machine.popMark()
  machine.push(new Map())
  machine.setItems(items)
}

function stackGlobal(machine: PickleMachine): void {
  const [module, name] = machine.popMany(2)
  machine.global(module, name)
}

/** A state dict carries its module versions as an attribute; no attribute changes what tensors hold. */
function build(machine: PickleMachine): void {
  machine.pop()
  machine.top()
}

function instance(machine: PickleMachine): void {
  const module = machine.line()
  throw refused(machine.rules.path, `${module}.${machine.line()}`)
}

/**
 * Reads one pickle (protocols 0 to 5) into plain values: dict → Map, list and tuple → array, set → Set, int → number
 * or bigint, bytes → Uint8Array. Nothing is imported or executed: a global is an inert name that `rules` must allow,
 * and calling one is `rules.call`.
 *
 * Memory stays proportional to the bytes read. Returns the value and the offset after it. Throws `unsupported` for
 * what the rules refuse, `corrupt-file` for anything malformed and for opcodes that no checkpoint needs.
 */
export function unpickle(bytes: Uint8Array, rules: PickleRules, start = 0): { value: unknown; end: number } {
  const machine = new PickleMachine(bytes, rules, start)
  for (let code = machine.uint8(); code !== STOP; code = machine.uint8()) {
    const step = opcodes.get(code)
    if (!step) throw machine.damaged(`opcode 0x${code.toString(16)} is not expected in a checkpoint`)
    step(machine)
  }
  return { value: machine.pop(), end: machine.at }
}
