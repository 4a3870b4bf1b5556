import { describe, expect, it } from 'vitest'
import { epubOf } from '../../testing/archives.ts'
import { bookText } from '../steps.ts'
import { extractBook } from './book.ts'
import { KEYWORDS_SET } from './keywords.ts'

const options = bookText().options ?? {}
const read = (source: { text?: string; bytes?: Uint8Array }, given = {}) =>
  extractBook({ name: 'book', ...source }, { ...options, ...given }) as Promise<{
    text: string
    reason?: string
  }>

const english =
  `${'She had been travelling since the morning, and the trip was longer than all those that she had ever taken alone. '.repeat(10)}`.trim()
const chinese =
  '她从早上就一直在路上，这次旅行比她以前独自一人走过的任何一次都要长，她的心里有一种说不出的高兴。'.repeat(4)
const many = (text: string, count: number) => Array.from({ length: count }, (_, i) => `${text} ${i}`)

describe('books', () => {
  it('lose imprint and advertisement at their edges (FlagData: KEYWORDS_SET)', async () => {
    expect(KEYWORDS_SET.length).toBe(119)
    const body = many(english, 40)
    const lines = [
      'A Book',
      'First published in 2015',
      'ISBN 978 1 74331 9208',
      ...body,
      'Copyright',
      'Visit us',
    ]
    const { text } = await read({ text: lines.join('\n') })
    expect(text.split('\n')).toEqual(body)
    const inside = [...body.slice(0, 20), 'First published in 2015', ...body.slice(20)]
    expect((await read({ text: inside.join('\n') })).text.split('\n')).toEqual(inside)
  })

  it('lose tables of contents, captions and lines of addresses (FlagData: clean_by_lines)', async () => {
    const body = many(english, 30)
    const contents = ['Chapter Two Culture Shock', '', 'Chapter Three Daddy', 'Chapter Four Home']
    const lines = [
      body[0],
      ...contents,
      ...body.slice(1),
      'Figure 3',
      'Please visit http://xxx.com !',
      '## note',
      'Chapter Nine',
      body[2],
    ]
    const { text } = await read({ text: lines.join('\n') })
    expect(text.split('\n')).toEqual([...body, 'Chapter Nine', body[2]])
  })

  it('begin with their first chapter', async () => {
    const body = many(english, 30)
    for (const heading of ['Chapter 1', 'CHAPTER ONE', 'I.', 'Chapter I'])
      expect(
        (await read({ text: ['Somebody’s Novel', 'For my mother', heading, ...body].join('\n') })).text.split(
          '\n',
        )[0],
      ).toBe(heading)
  })

  it('in Chinese lose parts of front matter (FlagData: KEYWORDS_BY_PARTS)', async () => {
    const body = many(chinese, 30)
    const parts = ['书名', '目录\n第一节\n第二节', body.join('\n'), '版权信息 2015']
    const { text } = await read({ text: parts.join('\n\n\n\n\n') })
    expect(text.split('\n')).toEqual(body)
    const catalogue = ['第一章 出发', '第二章 途中', '第三章 归来', ...body]
    expect((await read({ text: catalogue.join('\n') })).text.split('\n')).toEqual(body)
  })

  it('of short lines or in other languages are removed with the reason', async () => {
    expect(
      await read({
        text: many('It was the best of times, and it was the worst of times for all.', 30).join('\n'),
      }),
    ).toEqual({
      reason: 'short_lines',
      value: 1,
      limit: 0.9,
    })
    expect(
      await read({ text: many(english, 22).concat(many('The short one of all.', 900)).join('\n') }),
    ).toHaveProperty('text')
    const spanish = many(
      'La casa de la que se habla en el libro es la más grande de todas las que hay en el pueblo.',
      30,
    )
    expect(await read({ text: spanish.join('\n') })).toMatchObject({ reason: 'unsupported_language' })
  })

  it('from EPUB lose captions and pages of spans', async () => {
    const story = `<html><body>${many(english, 25)
      .map((line) => `<p>${line}</p>`)
      .join('')}
      <div><img src="a.png"/><p>A picture of nobody</p></div><div><img src="b.png"/><p>One</p><p>Two</p></div></body></html>`
    const cover = '<html><body><div><span>Cover and contents of it</span></div></body></html>'
    const { text } = await read({ bytes: epubOf([story, cover]) })
    expect(text).not.toMatch(/Cover|picture of nobody/)
    expect(text).toContain('One\n\nTwo')
    expect(text.startsWith(english)).toBe(true)
  })
})
