import { bytesOf } from './epub.ts'
import type { Extract } from './extractor.ts'
import { collapse, isoDate } from './html/metadata.ts'
import { type Element, find, parseXml, textOf } from './html/tree.ts'
import { type Archive, openArchive } from './zip.ts'

export interface DocxOptions {
  maxUnpackedBytes: number
  footnotes: boolean
}

const attributes = new Set(['w:val'])
/** Text that was deleted, field codes, and the second way in which a drawing is stored. */
const silent = new Set([
  'w:del',
  'w:moveFrom',
  'w:instrText',
  'w:delText',
  'mc:Fallback',
  'w:pPr',
  'w:rPr',
  'w:sectPr',
])

/**
 * The text of a Word document: paragraphs, list items, tables row by row, text boxes, and footnotes at the end, with
 * `title`, `author`, `language` and `date`. Deleted and hidden text is left out.
 * Source: ECMA-376, part 1, section 17.
 *
 * @throws FlagError `corrupt-file` for what is no such document, `invalid-argument` if it unpacks to too much
 */
export const extractDocx: Extract = async ({ name, bytes }, options) => {
  const { maxUnpackedBytes, footnotes } = options as unknown as DocxOptions
  const archive = await openArchive(bytesOf(name, bytes), name, maxUnpackedBytes)
  const parts = [await partText(archive, 'word/document.xml')]
  for (const notes of footnotes ? ['word/footnotes.xml', 'word/endnotes.xml'] : [])
    if (archive.has(notes)) parts.push(await partText(archive, notes))
  return { text: parts.filter((it) => it !== '').join('\n\n'), metadata: await metadataOf(archive) }
}

async function partText(archive: Archive, name: string): Promise<string> {
  const writer = new Writer()
  writer.blocks(parseXml(await archive.text(name), attributes))
  return writer.text
}

type Kind = 'text' | 'item' | 'row'

class Writer {
  text = ''
  #last: Kind | undefined
  #line = ''

  /** Paragraphs and tables, wherever they lie. */
  blocks(element: Element): void {
    for (const child of element.children) {
      if (typeof child === 'string' || silent.has(child.tag)) continue
      if (child.tag === 'w:p') this.#paragraph(child)
      else if (child.tag === 'w:tbl') this.#table(child)
      else this.blocks(child)
    }
  }

  #paragraph(element: Element): void {
    const boxes: Element[] = []
    this.#line = ''
    this.#run(element, boxes)
    const [properties] = childrenOf(element, 'w:pPr')
    const isItem = properties !== undefined && childrenOf(properties, 'w:numPr').length > 0
    this.#write(isItem ? 'item' : 'text', isItem ? '- ' : '', this.#line.trim())
    for (const box of boxes) this.blocks(box)
  }

  /** Text boxes are anchored inside a paragraph and read after it. */
  #run(element: Element, boxes: Element[]): void {
    for (const child of element.children) {
      if (typeof child === 'string') {
        if (element.tag === 'w:t') this.#line += child
      } else if (child.tag === 'w:txbxContent') boxes.push(child)
      else if (child.tag === 'w:tab') this.#line += '\t'
      else if (child.tag === 'w:br' || child.tag === 'w:cr') this.#line += '\n'
      else if (child.tag === 'w:noBreakHyphen') this.#line += '-'
      else if (!silent.has(child.tag) && !isHidden(child)) this.#run(child, boxes)
    }
  }

  #table(table: Element): void {
    for (const row of childrenOf(table, 'w:tr')) {
      const cells = childrenOf(row, 'w:tc').map((cell) => {
        const inner = new Writer()
        inner.blocks(cell)
        return inner.text.replaceAll(/\s+/g, ' ').trim()
      })
      if (cells.some((cell) => cell !== '')) this.#write('row', '', cells.join(' | '))
    }
  }

  #write(kind: Kind, prefix: string, line: string): void {
    if (line === '') return
    if (this.#last !== undefined) this.text += kind === this.#last && kind !== 'text' ? '\n' : '\n\n'
    this.text += prefix + line
    this.#last = kind
  }
}

/** Children of a tag, also those inside content controls. */
function childrenOf(element: Element, tag: string): Element[] {
  return element.children.flatMap((child) => {
    if (typeof child === 'string') return []
    if (child.tag === tag) return [child]
    return child.tag === 'w:sdt' || child.tag === 'w:sdtContent' ? childrenOf(child, tag) : []
  })
}

function isHidden(run: Element): boolean {
  if (run.tag !== 'w:r') return false
  const [properties] = childrenOf(run, 'w:rPr')
  const [vanish] = properties ? childrenOf(properties, 'w:vanish') : []
  return vanish !== undefined && vanish.attributes['w:val'] !== '0' && vanish.attributes['w:val'] !== 'false'
}

async function metadataOf(archive: Archive): Promise<{ [key: string]: string }> {
  if (!archive.has('docProps/core.xml')) return {}
  const core = parseXml(await archive.text('docProps/core.xml'), attributes)
  const value = (tag: string) => {
    const element = find(core, (it) => it.tag === tag)
    return element && collapse(textOf(element, 1000))
  }
  const found = {
    title: value('dc:title'),
    author: value('dc:creator'),
    language: value('dc:language'),
    date: isoDate(value('dcterms:created')),
  }
  return Object.fromEntries(
    Object.entries(found).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}
