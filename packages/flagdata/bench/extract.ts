// Main text of documentation pages beside @mozilla/readability on linkedom, in one process, taking turns:
//   npm run bench:extract -- [--pages N] [--rounds N] [--packages FOLDER] [--write] [--json FILE]
// With --write the table is put into docs/benchmarks.md. Pages come from Debian packages, which apt-get downloads (to FOLDER, where they are found the next time). The truth is
// the text of the element that the generator of the pages puts the content in; below, per source, what is not content.
// The same pages are measured once more without classes, ids, roles and semantic tags, which could give that element away.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Readability } from '@mozilla/readability'
import { parseHTML } from 'linkedom'
import { environment, writeResult } from '../../../tools/repo/result.ts'
import { markdownTable, writeSection } from '../../../tools/repo/section.ts'
import { extractHtml } from '../src/extract/html/html.ts'
import { wordScore } from '../src/testing/wordScore.ts'

const SPEED_GOAL = 5

interface Source {
  name: string
  package: string
  folder: string
  /** Selects what holds the content, and what in it is navigation. */
  content: string
  without?: string
}

const sources: readonly Source[] = [
  {
    name: 'cppreference',
    package: 'cppreference-doc-en-html',
    folder: 'usr/share/cppreference/doc/html/en',
    content: '#firstHeading, #mw-content-text',
    without: '.t-navbar, .editsection, .noprint, #toc',
  },
  ...['en-US', 'de-DE', 'zh-CN', 'ar-MA', 'ja-JP', 'ru-RU'].map((language) => ({
    name: `Debian handbook, ${language}`,
    package: 'debian-handbook',
    folder: `usr/share/doc/debian-handbook/html/${language}`,
    content: 'body',
    without: '#banner, .docnav, .toc',
  })),
  { name: 'git', package: 'git-doc', folder: 'usr/share/doc/git-doc', content: '#header h1, #content' },
  {
    name: 'LibreOffice help',
    package: 'libreoffice-help-en-us',
    folder: 'usr/share/libreoffice/help/en-US/text',
    content: '#DisplayArea',
  },
  {
    name: 'Node.js',
    package: 'nodejs-doc',
    folder: 'usr/share/doc/nodejs/api',
    content: '#apicontent',
    without: 'a.mark',
  },
  {
    name: 'PostgreSQL',
    package: 'postgresql-doc-15',
    folder: 'usr/share/doc/postgresql-doc-15/html',
    content: 'body',
    without: '.navheader, .navfooter, .toc',
  },
  {
    name: 'Python',
    package: 'python3.11-doc',
    folder: 'usr/share/doc/python3.11/html',
    content: '[role=main]',
    without: '.headerlink',
  },
]

const { values: options } = parseArgs({
  options: {
    pages: { type: 'string', default: '30' },
    rounds: { type: 'string', default: '3' },
    packages: { type: 'string', default: join(tmpdir(), 'flag-bench-extract') },
    json: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
})
const peerVersion = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../node_modules/${name}/package.json`, import.meta.url), 'utf8'))
    .version as string

type Engine = (html: string) => string

const flag: Engine = (html) => (extractHtml({ name: 'page', text: html }, {}) as { text: string }).text

/** The title is metadata there; it is put before the text, as it stands in the page. */
const readability: Engine = (html) => {
  const { document } = parseHTML(html)
  const article = new Readability(document as never).parse()
  return article
    ? `${article.title}\n${textOf(parseHTML(`<html><body>${article.content}</body></html>`).document.body)}`
    : ''
}

const blocks = new Set('P DIV LI TR TD TH DT DD H1 H2 H3 H4 H5 H6 PRE UL OL DL TABLE SECTION BR'.split(' '))
const silent = new Set(['SCRIPT', 'STYLE', 'NOSCRIPT', 'SELECT', 'TEMPLATE'])

interface DomNode {
  nodeType: number
  data: string
  tagName: string
  childNodes: Iterable<DomNode>
}

/** Text as it is shown: no words of two paragraphs run together. */
function textOf(node: unknown): string {
  const { nodeType, data, tagName, childNodes } = node as DomNode
  if (nodeType === 3) return data
  if (nodeType !== 1 || silent.has(tagName)) return ''
  const edge = blocks.has(tagName) ? '\n' : ''
  return edge + [...childNodes].map(textOf).join('') + edge
}

interface Page {
  html: string
  bare: string
  truth: string
}

function pagesOf({ package: name, folder, content, without }: Source, count: number): Page[] {
  const root = join(unpacked(name), folder)
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.html'))
    .map((file) => join(root, file))
    .filter((file) => statSync(file).size > 3000 && statSync(file).size < 400_000)
    .sort()
  const step = Math.max(1, Math.floor(files.length / count))
  const pages: Page[] = []
  for (const file of files.filter((_, i) => i % step === 0).slice(0, count)) {
    const html = readFileSync(file, 'utf8')
    const { document } = parseHTML(html)
    const holders = [...document.querySelectorAll(content)]
    if (without) for (const element of document.querySelectorAll(without)) element.remove()
    const truth = holders.map(textOf).join('\n')
    if (truth.length > 300) pages.push({ html, bare: withoutNames(html), truth })
  }
  return pages
}

/** The page without what names its parts. */
const withoutNames = (html: string) =>
  html
    .replaceAll(/<(script|style)\b[\s\S]*?<\/\1>/g, '')
    .replaceAll(/\s(?:id|class|role|itemprop)=(?:"[^"]*"|'[^']*')/g, '')
    .replaceAll(/<(\/?)(?:main|nav|header|footer|aside|article)\b/g, '<$1div')

function unpacked(name: string): string {
  const folder = join(options.packages, name)
  if (existsSync(folder)) return folder
  try {
    mkdirSync(options.packages, { recursive: true })
    execFileSync('apt-get', ['download', name], { cwd: options.packages, stdio: 'ignore' })
    const file = readdirSync(options.packages).find((it) => it.startsWith(`${name}_`) && it.endsWith('.deb'))
    execFileSync('dpkg-deb', ['-x', join(options.packages, file ?? ''), folder])
  } catch {
    console.error(
      `bench:extract reads pages of the Debian package ${name}, which could not be had: apt-get download, dpkg-deb`,
    )
    process.exit(2)
  }
  return folder
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

function quality(pages: readonly Page[], html: (page: Page) => string, engine: Engine) {
  const scores = pages.map((page) => wordScore(engine(html(page)), page.truth))
  return {
    precision: mean(scores.map((it) => it.precision)),
    recall: mean(scores.map((it) => it.recall)),
    f1: mean(scores.map((it) => it.f1)),
  }
}

function seconds(pages: readonly Page[], engine: Engine): number {
  const start = process.hrtime.bigint()
  for (const { html } of pages) engine(html)
  return Number(process.hrtime.bigint() - start) / 1e9
}

const all = sources.map((source) => ({ name: source.name, pages: pagesOf(source, Number(options.pages)) }))
const rows = all.map(({ name, pages }) => {
  const row = {
    name,
    pages: pages.length,
    flag: quality(pages, ({ html }) => html, flag),
    readability: quality(pages, ({ html }) => html, readability),
    flagBare: quality(pages, ({ bare }) => bare, flag),
    readabilityBare: quality(pages, ({ bare }) => bare, readability),
  }
  console.error(
    `${name}: F1 ${row.flag.f1.toFixed(3)}, Readability ${row.readability.f1.toFixed(3)}; without names ${row.flagBare.f1.toFixed(3)}, ${row.readabilityBare.f1.toFixed(3)}`,
  )
  return row
})

// Both have run over every page by now.
const pages = all.flatMap((it) => it.pages)
const megabytes = pages.reduce((sum, { html }) => sum + Buffer.byteLength(html), 0) / 1e6
const rounds = Array.from({ length: Number(options.rounds) }, () => ({
  flag: seconds(pages, flag),
  readability: seconds(pages, (html) => {
    const { document } = parseHTML(html)
    return new Readability(document as never).parse()?.textContent ?? ''
  }),
}))
const ratios = rounds.map((it) => it.readability / it.flag).sort((a, b) => a - b)
const ratio = ratios[ratios.length >> 1]
const perSecond = (engine: 'flag' | 'readability') => {
  const sorted = rounds.map((it) => it[engine]).sort((a, b) => a - b)
  return pages.length / sorted[sorted.length >> 1]
}

type Quality = ReturnType<typeof quality>
const scores = (it: Quality) => [it.precision, it.recall, it.f1].map((value) => value.toFixed(3)).join(' / ')
const over = (key: 'flag' | 'readability' | 'flagBare' | 'readabilityBare'): Quality => ({
  precision: mean(rows.map((row) => row[key].precision)),
  recall: mean(rows.map((row) => row[key].recall)),
  f1: mean(rows.map((row) => row[key].f1)),
})
const total = {
  name: 'mean of the sources',
  pages: pages.length,
  flag: over('flag'),
  readability: over('readability'),
  flagBare: over('flagBare'),
  readabilityBare: over('readabilityBare'),
}
const table = markdownTable(
  [
    'pages',
    'number',
    '`html-text`',
    'Readability',
    '`html-text`, names removed',
    'Readability, names removed',
  ],
  [...rows, total].map((row) => [
    row.name,
    String(row.pages),
    scores(row.flag),
    scores(row.readability),
    scores(row.flagBare),
    scores(row.readabilityBare),
  ]),
)
const speed = `${perSecond('flag').toFixed(0)} pages a second beside ${perSecond('readability').toFixed(0)}: ${ratio.toFixed(1)} × (${ratios[0].toFixed(1)} to ${ratios.at(-1)?.toFixed(1)}, goal ${SPEED_GOAL} ×)`
console.log(`${table}\n\n${speed}`)

const versions = {
  readability: peerVersion('@mozilla/readability'),
  linkedom: peerVersion('linkedom'),
}
const command = `npm run bench:extract -- --pages ${options.pages} --rounds ${options.rounds} --write`
if (options.write)
  await writeSection(
    new URL('../../../docs/benchmarks.md', import.meta.url),
    'extract',
    `\`${command}\`, ${environment.date}, Node ${environment.node}, ${environment.processor}; @mozilla/readability ${versions.readability} on linkedom ${versions.linkedom}, ${pages.length} pages, ${megabytes.toFixed(1)} MB, one thread, both warm. ${speed}.\n\nPrecision / recall / F1 of words, means over pages. The truth is the text of the element in which the generator of the pages puts their content; "names removed" is the same page without classes, ids, roles and semantic tags. The weights were found while looking at pages of these sources, so other pages may fare worse; of the handbook, only those in English, German, Chinese and Arabic were looked at.\n\n${table}`,
  )
await writeResult(options.json, {
  name: 'extract',
  value: ratio,
  unit: 'pages a second as a multiple of Readability with linkedom, median',
  goal: `>= ${SPEED_GOAL}, and F1 >= Readability's`,
  spread: [ratios[0], ratios.at(-1) as number],
  rows: [...rows, total],
  environment: { ...versions, pages: pages.length, megabytes },
})
