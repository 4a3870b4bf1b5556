import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import { tableFromIPC } from 'apache-arrow'
import { parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ColourModel } from '../search/testing/colourModel.ts'
import { pictureFolder } from '../search/testing/pictureFolder.ts'
import { vectorsOf } from '../search/vectorTable.ts'
import type { LoadOptions } from './context.ts'
import { run } from './program.ts'
import { Progress } from './progress.ts'

let pictures: string
let broken: string[]
let outputs: string

beforeAll(async () => {
  const made = await pictureFolder(30)
  pictures = made.folder
  broken = made.broken
  outputs = await mkdtemp(join(tmpdir(), 'flag-outputs-'))
})
afterAll(() => Promise.all([pictures, outputs].map((folder) => rm(folder, { recursive: true }))))

/** What the commands asked for, in order. */
const asked: LoadOptions['dtype'][] = []

async function flagai(...args: string[]) {
  const models: ColourModel[] = []
  let out = ''
  let err = ''
  const code = await run(args, {
    terminal: {
      out: (text) => {
        out += text
      },
      err: (text) => {
        err += text
      },
      isInteractive: false,
    },
    async loadModel(id, { dtype }) {
      asked.push(dtype)
      if (id === 'none') throw new FlagError('not-found', 'no model "none"', { hint: 'flagai models' })
      const model = new ColourModel()
      models.push(model)
      return { model, name: 'colours', fingerprint: 'colours' }
    },
  })
  for (const model of models) expect(model.disposed).toBe(true)
  return { code, out, err }
}

describe('flagai search', () => {
  it('prints hits on stdout and names skipped pictures on stderr', async () => {
    const { code, out, err } = await flagai('search', pictures, 'a red thing', '--top', '3')
    expect(code).toBe(0)
    expect(out.trim().split('\n').length).toBe(3)
    for (const line of out.trim().split('\n')) expect(line).toMatch(/^\d {2}0\.\d{4} {2}red\/\d+\.png$/)
    expect(err).toContain('30 pictures: 28 new')
    expect(err).toContain('skipped 2 that cannot be read:')
    for (const path of broken) expect(err).toContain(`  ${path}: not a readable picture`)
  })

  it('answers several languages in one JSON document, and writes the page', async () => {
    const page = join(outputs, 'deep', 'page.html')
    const args = ['search', pictures, 'rouge', '红', 'أزرق', '--top', '4', '--html', page, '--json']
    const { code, out } = await flagai(...args)
    expect(code).toBe(0)
    const { index, queries } = JSON.parse(out)
    expect(index).toMatchObject({ pictures: 30, unchanged: 30 })
    expect(index.unreadable.map(({ path }: { path: string }) => path)).toEqual(broken)
    expect(queries.map(({ query }: { query: string }) => query)).toEqual(['rouge', '红', 'أزرق'])
    expect(queries[0].hits).toEqual(queries[1].hits)
    expect(queries[2].hits[0].path).toMatch(/^blue/)
    const html = await readFile(page, 'utf8')
    expect(html.match(/<img src="data:image\/webp;base64,/g)?.length).toBe(12)
    expect(html).toContain(queries[2].hits[0].path)
  })

  it('escapes what it shows on the page', async () => {
    const page = join(outputs, 'escaped.html')
    await flagai('search', pictures, '<script>alert("red")</script>', '--html', page)
    expect(await readFile(page, 'utf8')).not.toContain('<script>')
  })

  it('fails in one line when there is nothing to search', async () => {
    const empty = await mkdtemp(join(outputs, 'empty-'))
    const { code, out, err } = await flagai('search', empty, 'red')
    expect([code, out]).toEqual([1, ''])
    expect(err).toMatch(/^flagai: .*: no pictures here \(expected files named \*\.png, .*\)\n$/)
    expect(err.trim().split('\n').length).toBe(1)
  })
})

describe('flagai zero-shot', () => {
  it('orders the labels by probability', async () => {
    const { code, out } = await flagai(
      'zero-shot',
      join(pictures, 'blue/002.png'),
      '--labels',
      'red,green',
      'blue',
      '--json',
    )
    expect(code).toBe(0)
    const [{ scores }] = JSON.parse(out).results
    expect(scores[0].label).toBe('blue')
    expect(
      scores.reduce((sum: number, { probability }: { probability: number }) => sum + probability, 0),
    ).toBeCloseTo(1)
  })

  it('prints a table', async () => {
    const { out } = await flagai(
      'zero-shot',
      join(pictures, 'red/000.png'),
      '--labels',
      'green,red',
      '--template',
      'so {}',
    )
    expect(out).toMatch(/^100\.0 % {2}red\n {2}0\.0 % {2}green\n$/)
  })

  it('refuses templates without a place for the label, and missing pictures', async () => {
    const template = await flagai('zero-shot', 'x.png', '--labels', 'a', '--template', 'photo')
    expect([template.code, template.err]).toEqual([
      1,
      'flagai: the template "photo" has no {} for the label\n',
    ])
    const missing = await flagai('zero-shot', 'x.png', '--labels', 'a')
    expect([missing.code, missing.err]).toEqual([1, 'flagai: x.png: no such file\n'])
  })
})

describe('flagai embed', () => {
  it('writes the vectors of pictures as Arrow', async () => {
    const output = join(outputs, 'pictures.arrow')
    const { code, err } = await flagai('embed', pictures, '--output', output)
    expect(code).toBe(0)
    for (const path of broken) expect(err).toContain(`skipped ${path}: not a readable picture`)
    const table = tableFromIPC(await readFile(output))
    const { vectors, dimension } = vectorsOf(table)
    expect([table.numRows, dimension, vectors.length]).toEqual([28, 3, 84])
    expect(table.get(0)?.name).toBe('blue/002.png')
  })

  const lines = 'red\ngreen\n\nblue and red\n'

  it('writes the vectors of lines as Parquet', async () => {
    const [input, output] = [join(outputs, 'lines.txt'), join(outputs, 'lines.parquet')]
    await writeFile(input, lines)
    expect((await flagai('embed', input, '--output', output)).code).toBe(0)
    const bytes = await readFile(output)
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer
    const rows = await parquetReadObjects({ file })
    expect(rows.map(({ name }) => name)).toEqual(['red', 'green', 'blue and red'])
    expect(rows[2].embedding).toEqual([Math.SQRT1_2, 0, Math.SQRT1_2].map(Math.fround))
  })

  it('writes the vectors of lines as npy', async () => {
    const [input, output] = [join(outputs, 'more.txt'), join(outputs, 'more.npy')]
    await writeFile(input, lines)
    const { out } = await flagai('embed', input, '--output', output, '--json')
    expect(JSON.parse(out)).toMatchObject({ rows: 3, dimension: 3, unreadable: [] })
    const bytes = await readFile(output)
    expect(bytes.subarray(0, 8)).toEqual(Buffer.from('\x93NUMPY\x01\x00', 'latin1'))
    const start = 10 + bytes.readUInt16LE(8)
    expect(start % 64).toBe(0)
    expect(bytes.toString('latin1', 10, start)).toMatch(
      /^{'descr': '<f4', 'fortran_order': False, 'shape': \(3, 3\), } *\n$/,
    )
    expect(bytes.readFloatLE(start)).toBe(1)
    expect(bytes.length).toBe(start + 36)
    expect(await readFile(join(outputs, 'more.names.txt'), 'utf8')).toBe('red\ngreen\nblue and red\n')
  })

  it('refuses other formats, other inputs, binary files', async () => {
    const csv = await flagai('embed', pictures, '--output', 'x.csv')
    expect([csv.code, csv.err]).toEqual([
      1,
      'flagai: x.csv: cannot write ".csv" files (name the output *.arrow, *.parquet, *.npy)\n',
    ])
    expect((await flagai('embed', '/no/such', '--output', 'x.npy')).err).toBe(
      'flagai: /no/such: no such folder or file\n',
    )
    const binary = await flagai('embed', join(pictures, 'red/000.png'), '--output', join(outputs, 'x.npy'))
    expect(binary.err).toMatch(/not UTF-8 text/)
  })
})

describe('flagai', () => {
  it.each([[], ['search'], ['zero-shot'], ['embed'], ['pull'], ['convert'], ['models'], ['doctor']])(
    '%s --help has examples',
    async (...args) => {
      const { code, out } = await flagai(...args, '--help')
      expect(code).toBe(0)
      expect(out).toMatch(/Examples?:\n {2}flagai /)
    },
  )

  it('exits with 2 on wrong usage', async () => {
    for (const args of [['serach'], ['search'], ['search', 'a', 'b', '--top', '0'], ['zero-shot', 'a.png']]) {
      const { code, err } = await flagai(...args)
      expect(code).toBe(2)
      expect(err).toMatch(/^error: /)
    }
  })

  it('prints one line on failure, and the stack with --debug', async () => {
    const { code, err } = await flagai('search', pictures, 'red', '--model', 'none')
    expect([code, err]).toEqual([1, 'flagai: no model "none" (flagai models)\n'])
    const debug = await flagai('search', pictures, 'red', '--model', 'none', '--debug')
    expect(debug.err).toMatch(/FlagError: no model "none"\n\s+at /)
  })

  it('lists its models', async () => {
    const { code, out } = await flagai('models', '--json')
    expect(code).toBe(0)
    const models = JSON.parse(out)
    expect(models[0]).toMatchObject({ id: 'altclip-emoji-m12' })
    expect(models[0].languages.length).toBe(12)
    expect((await flagai('models')).out).toContain('BAAI/AltCLIP-m18')
  })

  it('says what works on this machine', async () => {
    const { code, out } = await flagai('doctor', '--json')
    expect(code).toBe(0)
    const report = JSON.parse(out)
    expect(report.providers.cpu).toEqual({ usable: true })
    expect(report.versions).toMatchObject({
      node: process.versions.node,
      'onnxruntime-node': '1.30.0',
      sharp: '0.35.5',
    })
    const text = (await flagai('doctor')).out
    expect(text).toMatch(/provider cpu +works\n/)
  })
})

describe('terminal output', () => {
  it('draws a progress bar once work has taken a second, and wipes it', () => {
    let written = ''
    let seconds = 0
    const terminal = {
      out: () => {},
      err: (text: string) => {
        written += text
      },
      isInteractive: true,
    }
    const progress = new Progress(terminal, 'indexing', { now: () => BigInt(seconds * 1e9) })
    seconds = 0.5
    progress.update(10, 100)
    expect(written).toBe('')
    seconds = 2
    progress.update(25, 100)
    expect(written).toContain('indexing ██████░░░░░░░░░░░░░░░░░░ 25/100 · 13/s · 0:06 left')
    progress.end()
    expect(written.endsWith('\r\x1b[2K')).toBe(true)
  })

  it('draws no progress bar unless somebody watches', () => {
    const written: string[] = []
    const terminal = { out: () => {}, err: (text: string) => written.push(text), isInteractive: false }
    const progress = new Progress(terminal, 'x')
    progress.update(1, 2)
    progress.end()
    expect(written).toEqual([])
  })
})

describe('--dtype', () => {
  it('is how the model is opened, auto by default', async () => {
    asked.length = 0
    await flagai('search', pictures, 'red')
    await flagai('search', pictures, 'red', '--dtype', 'int8')
    await flagai('zero-shot', join(pictures, 'red/0.png'), '--labels', 'red,blue', '--dtype', 'bf16')
    await flagai('embed', pictures, '--output', join(outputs, 'dtype.npy'), '--dtype', 'int4')
    expect(asked).toEqual(['auto', 'int8', 'bf16', 'int4'])
  })

  it('lists those that there are', async () => {
    const { code, err } = await flagai('search', pictures, 'red', '--dtype', 'int2')
    expect(code).toBe(2)
    expect(err).toContain('Allowed choices are auto, fp32, fp16, bf16, int8, int4.')
  })
})

describe('flagai export', () => {
  it('says of a model without parts that it cannot be written', async () => {
    const { code, err } = await flagai('export', 'colours', '--onnx', join(outputs, 'onnx'))
    expect(code).toBe(1)
    expect(err).toBe('flagai: colours: this model cannot be written as ONNX files\n')
  })

  it('needs a folder', async () => {
    const { code, err } = await flagai('export', 'colours')
    expect(code).toBe(2)
    expect(err).toContain("required option '--onnx <folder>' not specified")
  })
})
