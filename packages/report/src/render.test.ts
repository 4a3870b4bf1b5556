import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Report, Section } from './contract.ts'
import { renderReport, writeReport } from './render.ts'
import { exampleReport, exampleSections } from './testing/example.ts'

const reportOf = (...sections: Section[]): Report => ({ title: 'test', sections })

/** What a browser reads: the text of the data element, up to the first end of a script, after a trip through UTF-8. */
function embedded(html: string): unknown {
  const text = Buffer.from(html, 'utf8').toString('utf8')
  const [, type, content] = /<script type="([^"]+)" id="report">(.*?)<\/script/s.exec(text) ?? []
  const json =
    type === 'application/gzip' ? gunzipSync(Buffer.from(content, 'base64')).toString('utf8') : content
  return JSON.parse(json)
}

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  // Code units, so that lone surrogates come up.
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc
    .array(
      fc.constantFrom(
        '</script>',
        '<script>',
        '<!--',
        '-->',
        ']]>',
        '\u2028',
        '\u2029',
        '\ud800',
        '\0',
        '$&',
        '$1',
        '"',
        '\\',
        '<!--report-->',
        '__proto__',
      ),
    )
    .map((parts) => parts.join('')),
)
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0)

describe('renderReport', () => {
  it('embeds every kind of section as it is', () => {
    expect(embedded(renderReport(exampleReport))).toEqual(exampleReport)
  })

  it('embeds any text and any number so that a browser reads the same', () => {
    const property = fc.property(hostile, fc.array(fc.tuple(hostile, number)), (title, rows) => {
      const table: Section = {
        kind: 'table',
        title,
        columns: [
          { type: 'text', label: title },
          { type: 'number', label: 'x' },
        ],
        rows,
      }
      const report = { ...reportOf(table), title }
      expect(embedded(renderReport(report))).toEqual(report)
    })
    fc.assert(property, { numRuns: 60 })
  })

  it('compresses what is large, also with lone surrogates in it', () => {
    const rows = Array.from({ length: 40_000 }, (_, i) => [`</script>\ud800 ${i}`, i / 7])
    const report = reportOf({
      ...exampleSections.table,
      columns: exampleSections.table.columns.slice(0, 2),
      rows,
    })
    const html = renderReport(report)
    expect(html).toContain('type="application/gzip"')
    expect(html.length).toBeLessThan(JSON.stringify(report).length)
    expect(embedded(html)).toEqual(report)
  })

  it('leaves the page as it is but for title and data', () => {
    const [a, b] = [reportOf(), reportOf(exampleSections.notes)].map((report) =>
      renderReport(report).replace(/<script type="application.*?<\/script>/s, ''),
    )
    expect(a).toBe(b)
    expect(a).toContain("default-src 'none'")
    expect(a).not.toMatch(/(src|href)="(?!#)/)
  })

  const refused: [string, unknown, RegExp][] = [
    ['NaN', { ...exampleSections.table, rows: [['x', Number.NaN, 1]] }, /sections\.0\.rows\.0\.1/],
    [
      'an infinity',
      { ...exampleSections.comparison, reference: Number.POSITIVE_INFINITY },
      /sections\.0\.reference/,
    ],
    ['an unknown kind', { kind: 'pie', title: 'x' }, /sections\.0\.kind/],
    ['a misspelt field', { ...exampleSections.notes, itmes: [] }, /sections\.0/],
    ['a short row', { ...exampleSections.table, rows: [['x', 1]] }, /another number of cells/],
    [
      'a picture that is not there',
      { ...exampleSections.samples, pictures: {} },
      /"sample 0" shows a picture "red"/,
    ],
    [
      'a picture elsewhere',
      { ...exampleSections.samples, pictures: { red: 'https://example.org/a.png' } },
      /pictures\.red/,
    ],
    [
      'a series of neither values nor bins',
      { ...exampleSections.distribution, series: [{ name: 'x' }] },
      /either values or bins/,
    ],
    [
      'corners without values',
      { ...exampleSections.radar, series: [{ name: 'x', values: [1] }] },
      /number of values/,
    ],
  ]
  it.each(refused)('refuses %s and says where', (_, section, message) => {
    const render = () => renderReport(reportOf(section as Section))
    expect(render).toThrow(message)
    expect(render).toThrow(expect.objectContaining({ code: 'invalid-report' }))
  })
})

describe('writeReport', () => {
  it('writes a complete file, replaces an old one and leaves nothing else behind', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'report-'))
    try {
      const file = join(folder, 'out.html')
      await writeFile(file, 'old')
      await writeReport(file, exampleReport)
      expect(await readFile(file, 'utf8')).toBe(renderReport(exampleReport))
      expect(await readdir(folder)).toEqual(['out.html'])
      const missing = writeReport(join(folder, 'no/such/folder.html'), exampleReport)
      await expect(missing).rejects.toMatchObject({
        code: 'io',
        message: expect.stringContaining('cannot be written'),
      })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
