// What Flag does, in one command: indexes a folder of pictures in a style that the embedded model has never seen,
// asks the same question in twelve languages, prints what it finds and writes a page that shows it.
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AltCLIP, type Hit, PictureIndex, renderPage } from '@flag/ai'

const MODEL = 'altclip-emoji-m12'
const TOP = 5

/** "Strawberry" in the languages of the model: a word that looks different in every one of them. */
const questions: Record<string, string> = {
  en: 'strawberry',
  zh: '草莓',
  es: 'fresa',
  fr: 'fraise',
  ru: 'клубника',
  ar: 'فراولة',
  ja: 'イチゴ',
  ko: '딸기',
  it: 'fragola',
  de: 'Erdbeere',
  pt: 'morango',
  hi: 'स्ट्रॉबेरी',
}
const ANSWER = 'strawberry'

interface OpenMoji {
  group: string
  hexcode: string
  annotation: string
  skintone: string
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const out = join(root, 'out', 'quickstart')
const pictures = join(out, 'pictures')

/** Copies the pictures of things (no people, flags or signs) from the OpenMoji package, named by what they show. */
async function collectPictures(): Promise<void> {
  const package_ = dirname(createRequire(import.meta.url).resolve('openmoji/package.json'))
  const all: OpenMoji[] = JSON.parse(await readFile(join(package_, 'data', 'openmoji.json'), 'utf8'))
  const groups = ['animals-nature', 'food-drink', 'travel-places', 'activities', 'objects']
  for (const group of groups) {
    await mkdir(join(pictures, group), { recursive: true })
    for (const { hexcode, annotation } of all.filter((it) => it.group === group && it.skintone === '')) {
      const name = annotation.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-')
      const svg = join(package_, 'color', 'svg', `${hexcode}.svg`)
      await copyFile(svg, join(pictures, group, `${name}.svg`))
    }
  }
}

const nameOf = ({ path }: Hit) => path.replace(/^.*\/|\.svg$/g, '').replaceAll('-', ' ')
const here = (path: string) => relative(process.cwd(), path) || '.'

await collectPictures()
console.log(`\nPictures of OpenMoji, a style that ${MODEL} has never seen, are in ${here(pictures)}.`)

const start = process.hrtime.bigint()
const seconds = () => (Number(process.hrtime.bigint() - start) / 1e9).toFixed(1)
const model = await AltCLIP.fromPretrained(MODEL)
const { index, report } = await PictureIndex.update(pictures, model, {
  modelName: MODEL,
  onProgress: (done, total) => {
    if (process.stderr.isTTY) process.stderr.write(done < total ? `\r${done} of ${total}` : '\r\x1b[2K')
  },
})
const known = report.pictures - report.embedded
console.log(
  `Indexed ${report.embedded} pictures in ${seconds()} s${known > 0 ? ` (${known} known before)` : ''}.\n`,
)

const vectors = await model.encodeText(Object.values(questions))
const results = Object.entries(questions).map(([language, query], i) => ({
  language,
  query,
  hits: index.search(vectors.row(i).data, TOP),
}))
await model.dispose()

for (const { language, query, hits } of results) {
  const rank = hits.findIndex((hit) => nameOf(hit) === ANSWER) + 1
  const mark = rank === 0 ? '–' : rank
  console.log(`${language}  ${mark}  ${query}  →  ${hits.map(nameOf).join(', ')}`)
}
const found = results.filter(({ hits }) => hits.some((hit) => nameOf(hit) === ANSWER)).length
console.log(
  `\n${found} of ${results.length} languages find it among the first ${TOP} of ${index.paths.length} pictures.`,
)

const pagePath = join(out, 'index.html')
const title = 'One question in twelve languages'
const page = await renderPage({
  folder: here(pictures),
  modelName: MODEL,
  pictures: index.paths.length,
  queries: results,
  pagePath,
  title,
})
await writeFile(pagePath, page)
console.log(`Open ${here(pagePath)} to see them.\n
Now try it on your own pictures and words:
  node packages/flagai/dist/cli/main.js search ${here(pictures)} "a big cat" --html out/page.html`)
