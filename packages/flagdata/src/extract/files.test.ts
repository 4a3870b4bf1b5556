import { describe, expect, it } from 'vitest'
import { epubOf, pdfOf, zipOf } from '../testing/archives.ts'
import { extractDocx } from './docx.ts'
import { extractEpub } from './epub.ts'
import type { Extract } from './extractor.ts'
import { extractPdf } from './pdf/pdf.ts'
import { docxText, epubText, pdfText } from './steps.ts'

const reader =
  (extract: Extract, options: object) =>
  (bytes: Uint8Array, given: object = {}) =>
    Promise.resolve(extract({ name: 'file', bytes }, { ...options, ...given })) as Promise<{
      text: string
      metadata: object
    }>

describe('PDF', () => {
  const read = reader(extractPdf, pdfText().options ?? {})

  it('is read in the order of reading: wide lines, then column after column; hyphens joined', async () => {
    const { text, metadata } = await read(
      pdfOf([
        [
          [
            50,
            700,
            'A title that goes over the whole width of this page and both of its columns, it is long',
            12,
          ],
          [320, 660, 'And here the second col-'],
          [320, 648, 'umn begins, which is read'],
          [320, 636, 'after the first.'],
          [50, 660, 'The first column is read'],
          [50, 648, 'before the one beside it,'],
          [50, 636, 'whatever the order in it.'],
        ],
      ]),
    )
    expect(text).toBe(
      'A title that goes over the whole width of this page and both of its columns, it is long\n\n' +
        'The first column is read before the one beside it, whatever the order in it.\n\n' +
        'And here the second column begins, which is read after the first.',
    )
    expect(metadata).toEqual({ pages: 1 })
  })

  it('loses headers, footers and page numbers that repeat, and joins sentences over pages', async () => {
    const names = ['one', 'two', 'three', 'four']
    const pages = Array.from({ length: 4 }, (_, i) => [
      [50, 780, 'The Journal of Examples'] as const,
      [50, 700, `Sentence number ${names[i]} goes on`] as const,
      [50, 688, `to the end of page ${names[i]}`] as const,
      [300, 20, `Page ${i + 1}`] as const,
    ])
    const { text } = await read(pdfOf(pages))
    expect(text).toBe(names.map((it) => `Sentence number ${it} goes on to the end of page ${it}`).join(' '))
    expect((await read(pdfOf(pages), { dropRepeated: false, maxPages: 1 })).text).toContain(
      'The Journal of Examples',
    )
  })

  it.each(['', '%PDF-1.4', '%PDF-1.4\n1 0 obj\n<<', 'x'.repeat(1000)])(
    'says that %j is none',
    async (text) => {
      await expect(read(Buffer.from(text))).rejects.toThrow(/PDF/)
    },
  )

  it('reads what a cut file still holds or says what is wrong', async () => {
    const whole = pdfOf([[[50, 700, 'Some text.']]])
    for (let length = whole.length - 1; length > 0; length -= 97) {
      const result = await read(whole.slice(0, length)).then(
        ({ text }) => text,
        (error: Error) => error.message,
      )
      expect(result === '' || result === 'Some text.' || /PDF|page|Page/.test(result)).toBe(true)
    }
  })
})

describe('EPUB', () => {
  const read = reader(extractEpub, epubText().options ?? {})

  it('gives its chapters in the order of the spine, without navigation', async () => {
    const { text, metadata } = await read(
      epubOf([
        '<html><head><title/></head><body><p>Last<br/>line</p></body></html>',
        '<html><body><h1>First</h1><a id="x"/><ul><li>a</li></ul></body></html>',
      ]),
    )
    expect(text).toBe('First\n\n- a\n\nLast\nline')
    expect(metadata).toEqual({
      title: 'A & B',
      author: 'Somebody',
      language: 'en',
      date: '2020-05-01T00:00:00Z',
    })
  })

  it.each([
    ['nothing', Buffer.from('PK')],
    ['no container', zipOf([{ name: 'a', content: 'b' }])],
    ['a container without a book', zipOf([{ name: 'META-INF/container.xml', content: '<container/>' }])],
    [
      'a size that is a lie',
      zipOf([{ name: 'META-INF/container.xml', content: 'x'.repeat(5000), claimedSize: 10 }]),
    ],
  ])('says what is wrong with %s', async (_, bytes) => {
    await expect(read(bytes)).rejects.toMatchObject({ code: 'corrupt-file' })
  })

  it('unpacks no more than allowed, and no file twice', async () => {
    const bomb = epubOf(['x'.repeat(2 ** 22), 'y'])
    await expect(read(bomb, { maxUnpackedBytes: 2 ** 20 })).rejects.toThrow(
      /unpacks to more than 1048576 bytes/,
    )
    expect((await read(bomb)).text.length).toBe(2 ** 22 + 3)
  })
})

describe('DOCX', () => {
  const read = reader(extractDocx, docxText().options ?? {})
  const paragraph = (inner: string) => `<w:p>${inner}</w:p>`
  const run = (text: string) => `<w:r><w:t xml:space="preserve">${text}</w:t></w:r>`
  const documentOf = (body: string, more: { name: string; content: string }[] = []) =>
    zipOf([
      {
        name: 'word/document.xml',
        content: `<?xml version="1.0"?><w:document><w:body>${body}</w:body></w:document>`,
      },
      ...more,
    ])

  it('gives paragraphs, lists, tables, boxes and footnotes, without what was deleted or is hidden', async () => {
    const item = (text: string) => paragraph(`<w:pPr><w:numPr/></w:pPr>${run(text)}`)
    const cell = (text: string) => `<w:tc>${paragraph(run(text))}</w:tc>`
    const box = `<mc:AlternateContent><mc:Choice><w:txbxContent>${paragraph(run('Box'))}</w:txbxContent></mc:Choice><mc:Fallback>${paragraph(run('Box'))}</mc:Fallback></mc:AlternateContent>`
    const { text, metadata } = await read(
      documentOf(
        paragraph(
          `${run('One &amp; ')}${run('two')}<w:r><w:br/></w:r>${run('three')}<w:del>${run('gone')}</w:del><w:r>${box}</w:r>`,
        ) +
          paragraph(
            '<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t>shown</w:t></w:r>',
          ) +
          item('a') +
          item('b') +
          `<w:tbl><w:tr>${cell('1')}${cell('2')}</w:tr><w:sdt><w:sdtContent><w:tr>${cell('3')}${cell('')}</w:tr></w:sdtContent></w:sdt></w:tbl>`,
        [
          { name: 'word/footnotes.xml', content: `<w:footnotes>${paragraph(run('Note'))}</w:footnotes>` },
          {
            name: 'docProps/core.xml',
            content: '<c><dc:title>T</dc:title><dcterms:created>2020-01-02T03:04:05Z</dcterms:created></c>',
          },
        ],
      ),
    )
    expect(text).toBe('One & two\nthree\n\nBox\n\nshown\n\n- a\n- b\n\n1 | 2\n3 | \n\nNote')
    expect(metadata).toEqual({ title: 'T', date: '2020-01-02T03:04:05Z' })
  })

  it('takes hostile documents: nested without end, entities that grow, not a document at all', async () => {
    const deep = await read(documentOf(`${'<w:tbl><w:tr><w:tc>'.repeat(1e5)}${paragraph(run('x'))}`))
    expect(deep.text.length).toBeLessThan(10)
    const bomb = '<!DOCTYPE x [<!ENTITY a "&b;&b;"><!ENTITY b "&c;&c;">]>'
    expect(
      (
        await read(
          zipOf([{ name: 'word/document.xml', content: `${bomb}<w:p><w:r><w:t>&a;</w:t></w:r></w:p>` }]),
        )
      ).text,
    ).toBe('&a;')
    await expect(read(zipOf([{ name: 'other', content: '' }]))).rejects.toMatchObject({
      code: 'corrupt-file',
    })
  })
})
