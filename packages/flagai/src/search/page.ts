import { readFile } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import type { Hit } from './pictureIndex.ts'

export interface PageQuery {
  query: string
  /** ISO 639-1 code, shown beside the query and used for its writing direction. */
  language?: string
  hits: readonly Hit[]
}

export interface PageOptions {
  folder: string
  modelName: string
  pictures: number
  queries: readonly PageQuery[]
  /** Where the page will be written: links to the pictures are relative to it. */
  pagePath: string
  title?: string
}

const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (c) => `&#${c.codePointAt(0)};`)

const THUMBNAIL = 224

/** A small copy of a picture as a data URI, in a format that every browser shows. */
async function thumbnail(path: string): Promise<string> {
  // Loaded where it is used: most programs make no page.
  const { default: sharp } = await import('sharp')
  const file = await readFile(path)
  const { format, width = THUMBNAIL, height = THUMBNAIL } = await sharp(file).metadata()
  const density = format === 'svg' ? Math.max(72, (72 * THUMBNAIL) / Math.max(width, height)) : undefined
  const bytes = await sharp(file, density === undefined ? {} : { density })
    .autoOrient()
    .resize(THUMBNAIL, THUMBNAIL, { fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 82 })
    .toBuffer()
  return `data:image/webp;base64,${bytes.toString('base64')}`
}

/** Path of a picture as a link from the page. */
function linkTo(path: string, pagePath: string): string {
  return relative(dirname(resolve(pagePath)), resolve(path))
    .split(sep)
    .map(encodeURIComponent)
    .join('/')
}

async function card(hit: Hit, rank: number, options: PageOptions, thumbnails: Map<string, string>) {
  const path = join(options.folder, hit.path)
  const image = thumbnails.get(hit.path) ?? (await thumbnail(path).catch(() => ''))
  thumbnails.set(hit.path, image)
  return `<a class="card" href="${escapeHtml(linkTo(path, options.pagePath))}" title="${escapeHtml(hit.path)}">
<img src="${image}" alt="${escapeHtml(hit.path)}" loading="lazy">
<span><b>${rank}</b><i>${escapeHtml(hit.path)}</i><em>${hit.score.toFixed(3)}</em></span></a>`
}

/**
 * A page that shows the hits of one or more queries. It holds small copies of the pictures, so it can be sent
 * around; each links to its file.
 */
export async function renderPage(options: PageOptions): Promise<string> {
  const thumbnails = new Map<string, string>()
  const sections: string[] = []
  for (const { query, language, hits } of options.queries) {
    const cards: string[] = []
    for (const [i, hit] of hits.entries()) cards.push(await card(hit, i + 1, options, thumbnails))
    sections.push(`<section><h2 dir="auto"${language ? ` lang="${escapeHtml(language)}"` : ''}>${escapeHtml(query)}${
      language ? `<small>${escapeHtml(language)}</small>` : ''
    }</h2>
<div class="grid">${cards.join('\n') || '<p>No picture found.</p>'}</div></section>`)
  }
  const title = options.title ?? options.queries.map(({ query }) => query).join(' · ')
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style></head>
<body><header><h1 dir="auto">${escapeHtml(title)}</h1>
<p>${options.pictures.toLocaleString('en')} pictures in ${escapeHtml(options.folder)}, searched with ${escapeHtml(options.modelName)}</p></header>
<main>
${sections.join('\n')}
</main></body></html>
`
}

const style = `
:root { color-scheme: light dark; --ink: light-dark(#1d2330, #e8eaf0); --soft: light-dark(#667085, #9aa3b5);
  --paper: light-dark(#f6f7f9, #12151c); --card: light-dark(#fff, #1c212c); --line: light-dark(#e3e6ec, #2b3240); }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 1240px; padding: 40px 24px 80px; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 28px; margin: 0; letter-spacing: -.01em }
header p { color: var(--soft); margin: 4px 0 0 }
h2 { font-size: 18px; margin: 40px 0 12px; display: flex; gap: 10px; align-items: baseline }
h2 small { font-size: 12px; font-weight: 500; color: var(--soft); border: 1px solid var(--line); border-radius: 99px;
  padding: 1px 8px }
.grid { display: grid; gap: 12px; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)) }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; overflow: hidden; color: inherit;
  text-decoration: none; transition: transform .15s, box-shadow .15s }
.card:hover { transform: translateY(-2px); box-shadow: 0 6px 20px #0002 }
.card img { width: 100%; aspect-ratio: 1; object-fit: contain; background: #fff; padding: 10px; display: block }
.card span { display: flex; gap: 8px; padding: 8px 10px; font-size: 12px; border-top: 1px solid var(--line) }
.card i { flex: 1; font-style: normal; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.card em { font-style: normal; color: var(--soft); font-variant-numeric: tabular-nums }
`
