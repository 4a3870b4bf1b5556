import { DataError } from '../errors.ts'
import type { Extract, Source } from './extractor.ts'
import { blocksOf, textOfBlocks } from './html/blocks.ts'
import { collapse, isoDate } from './html/metadata.ts'
import { type Element, find, findAll, parseXhtml, parseXml, textOf } from './html/tree.ts'
import { openArchive } from './zip.ts'

export interface EpubOptions {
  maxUnpackedBytes: number
}

/** A book: its chapters as trees, in the order of reading, and what it says about itself. */
export interface Epub {
  chapters: Element[]
  metadata: { [key: string]: string }
}

const attributes = new Set(['full-path', 'id', 'idref', 'href', 'media-type', 'properties', 'linear'])
const localName = ({ tag }: Element) => tag.slice(tag.indexOf(':') + 1)

/**
 * Opens a book: the files of its spine, without the navigation page and what is marked as not part of the flow.
 * Source: EPUB 3.3, sections 4.2 (container) and 5 (package document).
 *
 * @throws FlagError `corrupt-file` for what is no such book, `invalid-argument` if it unpacks to too much
 */
export async function openEpub({ name, bytes }: Source, { maxUnpackedBytes }: EpubOptions): Promise<Epub> {
  const archive = await openArchive(bytesOf(name, bytes), name, maxUnpackedBytes)
  const container = parseXml(await archive.text('META-INF/container.xml'), attributes)
  const path = find(container, (it) => localName(it) === 'rootfile')?.attributes['full-path']
  if (path === undefined) throw new DataError('corrupt-file', `${name}: META-INF/container.xml names no book`)
  const book = parseXml(await archive.text(path), attributes)

  const files = new Map<string, { href: string; isNavigation: boolean; isPage: boolean }>()
  for (const { attributes: item } of findAll(book, (it) => localName(it) === 'item')) {
    if (item.id === undefined || item.href === undefined) continue
    files.set(item.id, {
      href: resolve(path, item.href),
      isNavigation: item.properties?.split(' ').includes('nav') ?? false,
      isPage: item['media-type'] === undefined || /html/.test(item['media-type']),
    })
  }
  const chapters: Element[] = []
  const seen = new Set<string>()
  for (const { attributes: reference } of findAll(book, (it) => localName(it) === 'itemref')) {
    const file = files.get(reference.idref ?? '')
    if (file === undefined || file.isNavigation || !file.isPage || reference.linear === 'no') continue
    // A spine may name a file a million times.
    if (seen.has(file.href)) continue
    seen.add(file.href)
    chapters.push(parseXhtml(await archive.text(file.href)))
  }
  return { chapters, metadata: metadataOf(book) }
}

/** The text of a book, chapter after chapter, with `title`, `author`, `language` and `date`. */
export const extractEpub: Extract = async (source, options) => {
  const { chapters, metadata } = await openEpub(source, options as unknown as EpubOptions)
  const texts = chapters
    .map((chapter) => textOfBlocks(blocksOf(chapter).blocks))
    .filter((text) => text !== '')
  return { text: texts.join('\n\n'), metadata }
}

export function bytesOf(name: string, bytes: Uint8Array | undefined): Uint8Array {
  if (bytes === undefined)
    throw new DataError('invalid-argument', `${name}: expected a file, found a text`, {
      hint: 'the document names its file in metadata.path',
    })
  return bytes
}

function metadataOf(book: Element): { [key: string]: string } {
  const all = (name: string) =>
    findAll(book, (it) => localName(it) === name)
      .map((it) => collapse(textOf(it, 1000)))
      .filter((it) => it !== undefined)
  const found = {
    title: all('title')[0],
    author: all('creator').slice(0, 20).join(', ') || undefined,
    language: all('language')[0],
    date: isoDate(all('date')[0]) ?? all('date')[0],
  }
  return Object.fromEntries(
    Object.entries(found).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}

/** A path inside the archive, from one relative to another file of it. */
function resolve(from: string, href: string): string {
  const { pathname } = new URL(href, `zip://archive/${from}`)
  try {
    return decodeURIComponent(pathname.slice(1))
  } catch {
    return pathname.slice(1)
  }
}
