import type { Element } from './tree.ts'

/** What a block of a page is, which decides how it is weighed and written. */
export type BlockKind = 'text' | 'heading' | 'item' | 'row' | 'code'

/** A paragraph, a heading, a list item, a row of a table or a listing: text without a break inside the page's flow. */
export interface Block {
  readonly kind: BlockKind
  /** As it is read: one line, `<br>` as a line break; listings as they stand. */
  readonly text: string
  /** Written before the first line: the bullet or number of an item, the bar of a quotation. */
  readonly prefix: string
  /** UTF-16 units of `text`, and how many of them are links. */
  readonly length: number
  readonly linkLength: number
}

/** A block-level element: the blocks `from` to `to` lie below it. */
export interface Region {
  readonly element: Element
  readonly children: Region[]
  readonly from: number
  to: number
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '))

/** Elements that hold nothing to read. */
const silent = words(
  'script style noscript template title svg iframe object embed canvas audio video map head select button input textarea datalist dialog frameset annotation annotation-xml rp',
)
const blockTags = words(
  'address article aside blockquote body caption center dd details dir div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol p pre search section summary table tbody td tfoot th thead tr ul #root',
)
const headingTags = words('h1 h2 h3 h4 h5 h6')
/** A table with one of these in it lays a page out; one without holds data. */
const layoutTags = words('table h1 h2 h3 h4 h5 h6 pre article section main form nav')
/** Marks beside headings that link to themselves. */
const selfLinks = words('¶ # § 🔗 Â¶')

/** Whether an element is there but not shown. */
function isHidden({ attributes }: Element): boolean {
  const { hidden, style } = attributes
  if (hidden !== undefined || attributes['aria-hidden'] === 'true') return true
  return style !== undefined && /(?:display\s{0,9}:\s{0,9}none|visibility\s{0,9}:\s{0,9}hidden)/i.test(style)
}

/** The blocks of a page in the order of reading, and the tree of block-level elements over them. */
export function blocksOf(root: Element): { blocks: readonly Block[]; region: Region } {
  const collector = new Collector()
  const region = collector.region(root)
  return { blocks: collector.blocks, region }
}

interface List {
  ordered: boolean
  next: number
}

class Collector {
  readonly blocks: Block[] = []
  #text = ''
  /** Whether a space or a line break ends `#text`: looking at the end of a growing string copies it. */
  #endsInSpace = true
  #linkLength = 0
  #links = 0
  readonly #lists: List[] = []
  #quotes = 0
  /** What stands before the next block of a list item. */
  #marker = ''
  readonly #layoutTables = new Map<Element, boolean>()

  region(element: Element): Region {
    const region: Region = { element, children: [], from: this.blocks.length, to: 0 }
    this.#children(element, region)
    this.#end('text')
    region.to = this.blocks.length
    return region
  }

  #children(element: Element, region: Region): void {
    for (const child of element.children) {
      if (typeof child === 'string') this.#add(child)
      else this.#element(child, region)
    }
  }

  #element(element: Element, region: Region): void {
    const { tag } = element
    if (silent.has(tag) || isHidden(element)) return
    if (tag === 'br') this.#break()
    else if (tag === 'a') this.#link(element, region)
    else if (!blockTags.has(tag)) this.#children(element, region)
    else {
      this.#end('text')
      const child = this.#block(element)
      if (child.to > child.from) region.children.push(child)
    }
  }

  #block(element: Element): Region {
    const { tag } = element
    const region: Region = { element, children: [], from: this.blocks.length, to: 0 }
    if (headingTags.has(tag)) {
      this.#children(element, region)
      this.#end('heading')
    } else if (tag === 'pre') this.#listing(element)
    else if (tag === 'ul' || tag === 'ol' || tag === 'menu' || tag === 'dir') {
      const start = Number.parseInt(element.attributes.start ?? '1', 10)
      this.#lists.push({ ordered: tag === 'ol', next: Number.isSafeInteger(start) ? start : 1 })
      this.#children(element, region)
      this.#end('text')
      this.#lists.pop()
    } else if (tag === 'li') this.#item(element, region)
    else if (tag === 'blockquote') {
      this.#quotes++
      this.#children(element, region)
      this.#end('text')
      this.#quotes--
    } else if (tag === 'tr' && this.#isData(element)) this.#row(element)
    else {
      this.#children(element, region)
      this.#end('text')
    }
    region.to = this.blocks.length
    return region
  }

  #link(element: Element, region: Region): void {
    const [only] = element.children
    if (element.children.length === 1 && typeof only === 'string' && selfLinks.has(only.trim())) return
    const isLink = element.attributes.href !== undefined
    if (isLink) this.#links++
    this.#children(element, region)
    if (isLink) this.#links--
  }

  #item(element: Element, region: Region): void {
    const list = this.#lists.at(-1)
    this.#marker = list?.ordered ? `${list.next++}. ` : '- '
    this.#children(element, region)
    this.#end('text')
    this.#marker = ''
  }

  /** The cells of a row in one line. */
  #row(row: Element): void {
    const cells: string[] = []
    for (const cell of row.children) {
      if (typeof cell === 'string' || silent.has(cell.tag) || isHidden(cell)) continue
      this.#cell(cell)
      cells.push(this.#text.trim().replaceAll('\n', ' '))
      this.#text = ''
      this.#endsInSpace = true
    }
    this.#text = cells.join(' | ')
    if (cells.every((cell) => cell === '')) this.#text = ''
    this.#end('row')
  }

  #cell(element: Element): void {
    for (const child of element.children) {
      if (typeof child === 'string') this.#add(child)
      else if (silent.has(child.tag) || isHidden(child)) continue
      else {
        const isLink = child.tag === 'a' && child.attributes.href !== undefined
        if (isLink) this.#links++
        if (child.tag === 'br' || blockTags.has(child.tag)) this.#add(' ')
        this.#cell(child)
        if (blockTags.has(child.tag)) this.#add(' ')
        if (isLink) this.#links--
      }
    }
  }

  #listing(element: Element): void {
    const text = listingText(element)
      .replace(/^\r?\n/, '')
      .trimEnd()
    if (text.trim() === '') return
    this.#push('code', text, this.#links > 0 ? text.length : 0)
  }

  #isData(row: Element): boolean {
    let table: Element | undefined = row.parent
    while (table !== undefined && table.tag !== 'table') table = table.parent
    if (table === undefined) return false
    const known = this.#layoutTables.get(table)
    if (known !== undefined) return !known
    const isLayout = holdsLayout(table)
    this.#layoutTables.set(table, isLayout)
    return !isLayout
  }

  #add(text: string): void {
    let part = text.replace(/\s+/g, ' ')
    if (this.#endsInSpace && part.charCodeAt(0) === 32) part = part.slice(1)
    if (part === '') return
    this.#text += part
    this.#endsInSpace = part.charCodeAt(part.length - 1) === 32
    if (this.#links > 0) this.#linkLength += part.length
  }

  #break(): void {
    if (this.#text === '') return
    this.#text += '\n'
    this.#endsInSpace = true
  }

  /** Ends the block that is being read, if it holds anything. */
  #end(kind: BlockKind): void {
    const text = this.#text.trim()
    if (text !== '')
      this.#push(
        this.#marker !== '' && kind === 'text' ? 'item' : kind,
        text.includes(' \n') ? text.replaceAll(' \n', '\n') : text,
        Math.min(this.#linkLength, text.length),
      )
    this.#text = ''
    this.#endsInSpace = true
    this.#linkLength = 0
  }

  #push(kind: BlockKind, text: string, linkLength: number): void {
    const indent = '  '.repeat(Math.max(0, this.#lists.length - 1))
    const prefix = `${this.#quotes > 0 ? '> ' : ''}${indent}${kind === 'item' ? this.#marker : ''}`
    if (kind === 'item') this.#marker = ''
    this.blocks.push({ kind, text, prefix, length: text.length, linkLength })
  }
}

function listingText(node: Element | string): string {
  if (typeof node === 'string') return node
  if (node.tag === 'br') return '\n'
  let text = ''
  for (const child of node.children) text += listingText(child)
  return text
}

/** Looks no further than the first sign, and never into a table inside the table. */
function holdsLayout(element: Element): boolean {
  for (const child of element.children) {
    if (typeof child === 'string') continue
    if (layoutTags.has(child.tag) || holdsLayout(child)) return true
  }
  return false
}

/** Blocks as text: paragraphs apart, items of a list and rows of a table on lines of their own. */
export function textOfBlocks(blocks: readonly Block[]): string {
  let text = ''
  let last: BlockKind | undefined
  for (const { kind, text: own, prefix } of blocks) {
    if (last !== undefined) text += kind === last && (kind === 'item' || kind === 'row') ? '\n' : '\n\n'
    text += prefix + own
    last = kind
  }
  return text
}
