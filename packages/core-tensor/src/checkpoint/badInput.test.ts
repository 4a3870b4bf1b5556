import { deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { FlagError } from '../errors.ts'
import { readContents } from './open.ts'
import { memorySource } from './source.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)
const integer = (size: 2 | 4 | 8, value: number | bigint): Uint8Array => {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true)
  return bytes.subarray(0, size)
}
const join = (...parts: (Uint8Array | string | number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? utf8(part) : Uint8Array.from(part))))

async function refusal(bytes: Uint8Array, file: string): Promise<FlagError> {
  const error = await readContents(memorySource(bytes, file)).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(FlagError)
  const refused = error as FlagError
  expect(refused.message).toContain(file)
  return refused
}

describe('safetensors', () => {
  const file = (header: unknown, data = 8, length?: number | bigint) => {
    const json = typeof header === 'string' ? header : JSON.stringify(header)
    return join(integer(8, length ?? utf8(json).length), json, new Uint8Array(data))
  }
  const two = (a: number[], b: number[]) => ({
    a: { dtype: 'F32', shape: [1], data_offsets: a },
    b: { dtype: 'F32', shape: [1], data_offsets: b },
  })
  it.each<[string, Uint8Array, RegExp]>([
    ['an empty file', new Uint8Array(), /has 0 bytes/],
    ['a header longer than the file', file({}, 0, 2 ** 40), /the header claims 1099511627776 bytes/],
    ['a header of 2^53 bytes', file({}, 0, 2n ** 53n), /the header claims/],
    ['a header of 2^64 - 1 bytes', file({}, 0, 2n ** 64n - 1n), /the header claims/],
    ['a header that is not JSON', file('{"a": '), /not JSON/],
    ['a header that is a list', file('[      ]'), /JSON object/],
    [
      'overlapping tensors',
      file(two([0, 4], [2, 6])),
      /"b" starts at 2 of the data, expected 4: it overlaps/,
    ],
    ['a gap between tensors', file(two([0, 4], [6, 10]), 10), /leaves a gap/],
    ['offsets past the end', file(two([0, 4], [4, 8]), 6), /has \d+ bytes, but its tensors end/],
    ['bytes after the last tensor', file(two([0, 4], [4, 8]), 12), /its tensors end at/],
    [
      'a shape that does not fit its bytes',
      file({ a: { dtype: 'F32', shape: [3], data_offsets: [0, 8] } }),
      /takes 12 bytes, but data_offsets are \[0, 8\]/,
    ],
    [
      'a shape of 2^53 elements',
      file({ a: { dtype: 'U8', shape: [2 ** 27, 2 ** 27], data_offsets: [0, 8] } }),
      /impossible shape/,
    ],
    [
      'a negative size',
      file({ a: { dtype: 'F32', shape: [-2], data_offsets: [0, 8] } }),
      /must have dtype, shape/,
    ],
    ['metadata that are no strings', file({ __metadata__: { a: 1 } }, 0), /__metadata__/],
  ])('refuses %s', async (_, bytes, message) => {
    const error = await refusal(bytes, 'x.safetensors')
    expect(error).toMatchObject({ code: 'corrupt-file', message: expect.stringMatching(message) })
    expect(error.hint).toBeTruthy()
  })

  it('names a type that is not supported', async () => {
    const bytes = file({ a: { dtype: 'F8_E4M3', shape: [8], data_offsets: [0, 8] } })
    expect(await refusal(bytes, 'x.safetensors')).toMatchObject({
      code: 'unsupported',
      message: expect.stringMatching(/F8_E4M3/),
    })
  })
})

interface Part {
  name: string
  data: Uint8Array
  method?: number
  /** Where its local header is said to be. */
  place?: number
  size?: number
}

/** A zip archive written by hand, so that it can lie. */
function zip(parts: Part[], lies: { count?: number; directory?: number } = {}): Uint8Array {
  const local: Uint8Array[] = []
  const directory: Uint8Array[] = []
  let at = 0
  for (const { name, data, method = 0, place = at, size = data.length } of parts) {
    const sizes = join(integer(4, 0), integer(4, data.length), integer(4, size))
    const common = join(integer(2, 20), integer(2, 0), integer(2, method), integer(4, 0), sizes)
    const named = join(integer(2, utf8(name).length), integer(2, 0))
    const entry = join(integer(4, 0x04034b50), common, named, name, data)
    local.push(entry)
    directory.push(
      join(
        integer(4, 0x02014b50),
        integer(2, 20),
        common,
        named,
        new Uint8Array(10),
        integer(4, place),
        name,
      ),
    )
    at += entry.length
  }
  const entries = join(...directory)
  const count = integer(2, lies.count ?? parts.length)
  const end = join(integer(4, 0x06054b50), integer(4, 0), count, count, integer(4, entries.length))
  return join(...local, entries, end, integer(4, lies.directory ?? at), integer(2, 0))
}

describe('torch archives', () => {
  const torch = (pickle: Uint8Array) => zip([{ name: 'archive/data.pkl', data: pickle }])
  const empty = { name: 'archive/data.pkl', data: join([0x80, 2], '}.') }

  it('are read when they are whole', async () => {
    expect((await readContents(memorySource(zip([empty]), 'x.pt'))).entries).toEqual([])
  })

  it.each<[string, Uint8Array, RegExp]>([
    ['no end-of-directory record', join('PK', new Uint8Array(40)), /end-of-directory/],
    ['no data.pkl', zip([{ name: 'readme', data: utf8('hello') }]), /no data\.pkl/],
    [
      'a name that climbs out',
      zip([empty, { name: '../../etc/passwd', data: utf8('x') }]),
      /"\.\.\/\.\.\/etc\/passwd".*outside/,
    ],
    ['an absolute name', zip([empty, { name: '/etc/passwd', data: utf8('x') }]), /outside/],
    ['a Windows path', zip([empty, { name: 'C:\\x', data: utf8('x') }]), /outside/],
    ['two entries of one name', zip([empty, empty]), /two entries are named/],
    [
      'entries that overlap',
      zip([empty, { ...empty, name: 'archive/data.pkk', place: 0 }]),
      /is not at offset 0/,
    ],
    ['more entries than there are', zip([empty], { count: 3 }), /claims 3 entries/],
    ['a directory past the end', zip([empty], { directory: 2 ** 31 }), /passes its end/],
    ['a stored entry of another size', zip([{ ...empty, size: 99 }]), /claims 99/],
    [
      'an entry that unpacks beyond reason',
      zip([{ ...empty, data: deflateRawSync(new Uint8Array(100)), method: 8, size: 2 ** 31 }]),
      /more than deflate can give/,
    ],
    [
      'an entry that unpacks to more than it says',
      zip([{ ...empty, data: deflateRawSync(new Uint8Array(5000)), method: 8, size: 100 }]),
      /does not unpack/,
    ],
  ])('are refused with %s', async (_, bytes, message) => {
    expect(await refusal(bytes, 'x.pt')).toMatchObject({
      code: 'corrupt-file',
      message: expect.stringMatching(message),
      hint: expect.any(String),
    })
  })

  it('are refused when encrypted or packed by an unknown method', async () => {
    const error = await refusal(zip([{ ...empty, method: 14 }]), 'x.pt')
    expect(error).toMatchObject({ code: 'unsupported', message: expect.stringMatching(/method 14/) })
  })

  it.each<[string, Uint8Array, RegExp]>([
    [
      'os.system by GLOBAL and REDUCE',
      join([0x80, 2], 'cos\nsystem\nX', integer(4, 2), 'id', [0x85], 'R.'),
      /os\.system/,
    ],
    [
      'os.system by STACK_GLOBAL',
      join([0x80, 4, 0x8c, 2], 'os', [0x8c, 6], 'system', [0x93], '.'),
      /os\.system/,
    ],
    ['os.system by INST', join("(S'id'\nios\nsystem\n."), /os\.system/],
    ['a subclass hidden in torch', join([0x80, 2], 'ctorch\nload\n.'), /torch\.load/],
    [
      'a dotted name',
      join([0x80, 4, 0x8c, 5], 'torch', [0x8c, 9], 'os.system', [0x93], '.'),
      /torch\.os\.system/,
    ],
    ['a call of a type', join([0x80, 2], 'ctorch\nfloat32\n)R.'), /torch\.float32/],
  ])('never run %s', async (_, pickle, message) => {
    const error = await refusal(torch(pickle), 'x.pt')
    expect(error).toMatchObject({ code: 'unsupported', message: expect.stringMatching(message) })
    expect(error.message).toContain('nothing was executed')
  })

  it.each<[string, Uint8Array, RegExp]>([
    ['is empty', new Uint8Array(), /ends at byte 0/],
    ['stops early', join([0x80, 2], '}'), /ends at byte 3/],
    ['pops an empty stack', join([0x80, 2], '0.'), /the stack is empty/],
    ['has no mark', join([0x80, 2], '}u.'), /a mark is missing/],
    ['recalls what it never kept', join([0x80, 2], 'h', [9], '.'), /memo 9 is empty/],
    [
      'claims a string of 4 GB',
      join([0x80, 2], 'X', integer(4, 2 ** 32 - 1), 'ab.'),
      /4294967295 bytes are expected/,
    ],
    [
      'claims a string of 2^63 bytes',
      join([0x80, 4, 0x8d], integer(8, 2n ** 63n), 'ab.'),
      /bytes are expected/,
    ],
    ['claims an endless integer', join([0x80, 2, 0x8b], integer(4, 2 ** 31), '.'), /an integer has/],
    ['uses an extension registry', join([0x80, 2, 0x82, 1], '.'), /opcode 0x82/],
    ['is of protocol 9', join([0x80, 9], '}.'), /the protocol is 9/],
    ['holds itself', join([0x80, 2], ']q', [0], 'h', [0], 'a.'), /nests deeper/],
  ])('are refused when the pickle %s', async (_, pickle, message) => {
    expect(await refusal(torch(pickle), 'x.pt')).toMatchObject({
      code: 'corrupt-file',
      message: expect.stringMatching(message),
    })
  })

  /** `{"w": _rebuild_tensor_v2(storage of 4 floats, offset, shape, strides, …)}` */
  const tensorFile = (offset: number, shape: number, stride: number, numel = 4, data = 16) => {
    const text = (value: string) => join('X', integer(4, value.length), value)
    const storage = join(
      '(',
      text('storage'),
      'ctorch\nFloatStorage\n',
      text('0'),
      text('cpu'),
      'J',
      integer(4, numel),
      'tQ',
    )
    const number = (value: number) => join([0x8a, 8], integer(8, value))
    const view = join(number(offset), number(shape), [0x85], number(stride), [0x85, 0x89], 'N')
    const call = join('ctorch._utils\n_rebuild_tensor_v2\n(', storage, view, 'tR')
    const pickle = join([0x80, 2], '}', text('w'), call, 's.')
    return zip([
      { name: 'archive/data.pkl', data: pickle },
      { name: 'archive/data/0', data: new Uint8Array(data) },
    ])
  }
  it('hold tensors that lie within their storage', async () => {
    const { entries } = await readContents(memorySource(tensorFile(0, 2, 3), 'x.pt'))
    expect((await entries[0].read()).toArray()).toEqual([0, 0])
  })
  it.each<[string, Uint8Array, RegExp]>([
    [
      'an offset past its storage',
      tensorFile(3, 2, 1),
      /"w" reads elements 3 to 5 of storage 0, which has 16 bytes/,
    ],
    ['a stride past its storage', tensorFile(0, 2, 4), /reads elements 0 to 5/],
    ['a size of 2^53 - 1', tensorFile(0, 2 ** 53 - 1, 1), /reads elements 0 to/],
    ['a stride of 2^52', tensorFile(0, 2, 2 ** 52), /reads elements/],
    ['a storage shorter than announced', tensorFile(0, 2, 1, 8), /should have 32 bytes, it has 16/],
  ])('are refused with a tensor of %s', async (_, bytes, message) => {
    expect(await refusal(bytes, 'x.pt')).toMatchObject({
      code: 'corrupt-file',
      message: expect.stringMatching(message),
    })
  })
  it('do not blow up by repeating one element', async () => {
    expect(await refusal(tensorFile(0, 2 ** 40, 0), 'x.pt')).toMatchObject({ code: 'unsupported' })
  })
})

describe('npy, GGUF and the unknown', () => {
  const npy = (header: string, data = 0, version = 1) =>
    join(
      [0x93],
      'NUMPY',
      [version, 0],
      integer(version === 1 ? 2 : 4, header.length),
      header,
      new Uint8Array(data),
    )
  const dict = (descr: string, shape: string) =>
    `{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }\n`
  it.each<[string, Uint8Array, string, RegExp]>([
    ['too short', join([0x93], 'NUMPY'), 'corrupt-file', /does not start/],
    ['of another version', npy(dict("'<f4'", '(1,)'), 4, 7), 'corrupt-file', /version 7/],
    [
      'without shape',
      npy("{'descr': '<f4', 'fortran_order': False}\n"),
      'corrupt-file',
      /descr, fortran_order and shape/,
    ],
    ['of objects', npy(dict("'|O'", '(1,)'), 8), 'unsupported', /not supported/],
    ['of records', npy(dict("[('a', '<f4')]", '(1,)'), 4), 'unsupported', /not supported/],
    ['shorter than its shape', npy(dict("'<f4'", '(3,)'), 8), 'corrupt-file', /needs bytes/],
    ['longer than its shape', npy(dict("'<f4'", '(1,)'), 8), 'corrupt-file', /expected/],
    [
      'of 2^60 elements',
      npy(dict("'<f4'", '(1152921504606846976,)'), 8),
      'corrupt-file',
      /2\^53|invalid dimension/,
    ],
  ])('refuses an array %s', async (_, bytes, code, message) => {
    expect(await refusal(bytes, 'x.npy')).toMatchObject({ code, message: expect.stringMatching(message) })
  })

  const gguf = (
    tensors: number | bigint,
    values: number | bigint,
    rest: Uint8Array = new Uint8Array(),
    version = 3,
  ) => join('GGUF', integer(4, version), integer(8, tensors), integer(8, values), rest)
  const tensor = (type: number, size: number | bigint, offset = 0) =>
    join(
      integer(8, 1),
      'w',
      integer(4, 1),
      integer(8, size),
      integer(4, type),
      integer(8, offset),
      new Uint8Array(64),
    )
  it.each<[string, Uint8Array, string, RegExp]>([
    ['of version 1', gguf(0, 0, undefined, 1), 'unsupported', /version 1/],
    ['with 2^53 tensors', gguf(2n ** 53n, 0), 'corrupt-file', /the header needs/],
    ['with a name of 2^60 bytes', gguf(1, 0, integer(8, 2n ** 60n)), 'corrupt-file', /the header needs/],
    ['with a tensor past the end', gguf(1, 0, tensor(0, 1000)), 'corrupt-file', /needs bytes/],
    ['with an offset past the end', gguf(1, 0, tensor(0, 1, 2 ** 40)), 'corrupt-file', /needs bytes/],
    ['with a size of 2^60', gguf(1, 0, tensor(0, 2n ** 60n)), 'corrupt-file', /impossible shape/],
    ['with rows that are no whole blocks', gguf(1, 0, tensor(8, 33)), 'corrupt-file', /whole blocks/],
    ['of another quantisation', gguf(1, 0, tensor(12, 256)), 'unsupported', /ggml type 12/],
  ])('refuses a GGUF file %s', async (_, bytes, code, message) => {
    expect(await refusal(bytes, 'x.gguf')).toMatchObject({ code, message: expect.stringMatching(message) })
  })

  it('refuses what is no checkpoint, and guesses at a Git LFS pointer', async () => {
    const pointer = utf8('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n')
    expect(await refusal(pointer, 'x.bin')).toMatchObject({ hint: expect.stringContaining('Git LFS') })
    expect((await refusal(new Uint8Array(), 'x.bin')).message).toContain('starts with nothing')
  })
})
