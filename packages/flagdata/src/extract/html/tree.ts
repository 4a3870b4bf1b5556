import { Tokenizer } from 'htmlparser2'

/** An element of a page. Text is a plain string among its children. */
export interface Element {
  readonly tag: string
  readonly parent: Element | undefined
  readonly attributes: Attributes
  readonly children: (Element | string)[]
}

export type Attributes = { readonly [name: string]: string | undefined }

/** What lies deeper belongs to the element at this depth, as in browsers: whatever walks a tree may recurse. */
export const MAX_DEPTH = 512

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '))

/** The attributes of HTML that extraction looks at. Others are passed over, however many there are. */
const htmlAttributes = words(
  'alt aria-hidden charset class content data-testid datetime hidden href http-equiv id itemprop lang name property pubdate rel role src start style type xml:lang',
)
const voidTags = words(
  'area base br col embed frame hr img input link meta param source track wbr basefont bgsound keygen',
)
/** What may stand in `head`; anything else begins the body. */
const headTags = words('base basefont bgsound link meta noscript script style template title html head body')
/** Tags whose beginning ends an open paragraph (HTML standard, 13.2.6.4.7). */
const closesParagraph = words(
  'address article aside blockquote center details dialog dir div dl dd dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr li main menu nav ol p pre search section summary table ul xmp',
)
/** What the beginning of a tag ends, and where the search for it stops. */
const closes: { readonly [tag: string]: { ends: ReadonlySet<string>; within: ReadonlySet<string> } } = {
  li: { ends: words('li'), within: words('ul ol menu dir table td th') },
  dt: { ends: words('dt dd'), within: words('dl table td th') },
  dd: { ends: words('dt dd'), within: words('dl table td th') },
  tr: { ends: words('tr td th'), within: words('table') },
  td: { ends: words('td th'), within: words('table tr') },
  th: { ends: words('td th'), within: words('table tr') },
  tbody: { ends: words('tbody thead tfoot tr td th caption colgroup'), within: words('table') },
  thead: { ends: words('tbody thead tfoot tr td th caption colgroup'), within: words('table') },
  tfoot: { ends: words('tbody thead tfoot tr td th caption colgroup'), within: words('table') },
  option: { ends: words('option'), within: words('select datalist optgroup') },
  optgroup: { ends: words('option optgroup'), within: words('select datalist') },
}
const paragraphScope = words('table td th caption button object marquee template html body')
/** An end tag does not reach out of a cell or table, except the table's own. */
const endScope = words('table td th caption template')
const tableTags = words('table tbody thead tfoot tr td th caption html body')

interface Open extends Element {
  parent: Open | undefined
}

/**
 * The tree of an HTML page, in one pass and time linear in its length whatever it holds: tags that were never closed,
 * nested beyond reason, or with a million attributes. Scripts and styles are left out, except linked data.
 * Source: tokens by htmlparser2; end tags that may be left out by the HTML standard, section 13.1.2.4.
 */
export function parseHtml(html: string): Element {
  return build(html, { xml: false, selfClosing: false, attributes: htmlAttributes })
}

/** The tree of an XHTML page: the same elements, of which any may be closed by a slash. */
export function parseXhtml(xhtml: string): Element {
  return build(xhtml, { xml: false, selfClosing: true, attributes: htmlAttributes })
}

/** The tree of an XML document. Only the five named entities of XML are known, so none can grow. */
export function parseXml(xml: string, attributes: ReadonlySet<string>): Element {
  return build(xml, { xml: true, selfClosing: true, attributes })
}

interface Dialect {
  xml: boolean
  selfClosing: boolean
  /** The attributes that are kept. */
  attributes: ReadonlySet<string>
}

function build(source: string, { xml, selfClosing, attributes: wanted }: Dialect): Element {
  const root: Open = { tag: '#root', parent: undefined, attributes: {}, children: [] }
  /** How many elements of each tag are open, so that an end tag without a beginning costs nothing. */
  const open = new Map<string, number>()
  let current = root
  let depth = 0
  /** Open elements below `MAX_DEPTH`, whose text is `current`'s. */
  let beyond = 0

  // Text is a range of the source as long as it can be: a page may hold millions of one-character pieces.
  let text = ''
  let [from, to] = [0, 0]
  let isSkipping = false

  let tag = ''
  let attributes: Record<string, string> | undefined
  let name = ''
  let value: string | undefined

  const takeRange = () => {
    if (to > from) text += source.slice(from, to)
    from = to = 0
  }
  const flush = () => {
    takeRange()
    if (text !== '' && !isSkipping)
      current.children.push(text.includes('\0') ? text.replaceAll('\0', '') : text)
    text = ''
  }
  const pop = () => {
    open.set(current.tag, (open.get(current.tag) ?? 1) - 1)
    current = current.parent as Open
    depth--
  }
  /** Closes up to the nearest element that `ends` names, unless one of `within` is met before. */
  const close = (ends: ReadonlySet<string> | string, within: ReadonlySet<string>) => {
    const isEnd = (it: string) => (typeof ends === 'string' ? it === ends : ends.has(it))
    let up = current
    while (up !== root && !isEnd(up.tag)) {
      if (within.has(up.tag)) return false
      up = up.parent as Open
    }
    if (up === root) return false
    while (current !== up) pop()
    pop()
    return true
  }
  const isOpen = (it: string) => (open.get(it) ?? 0) > 0

  const begin = (isVoid: boolean) => {
    if (!xml) {
      isSkipping = isVoid
        ? isSkipping
        : tag === 'style' || (tag === 'script' && attributes?.type !== 'application/ld+json')
      if (current.tag === 'head' && !headTags.has(tag)) pop()
      if (
        (tag === 'html' || tag === 'body' || tag === 'head') &&
        (isOpen(tag) || (tag !== 'html' && isOpen('body')))
      )
        return
      if (closesParagraph.has(tag) && isOpen('p')) close('p', paragraphScope)
      const rule = Object.hasOwn(closes, tag) ? closes[tag] : undefined
      // A new row ends the cell and the row before it, one after the other.
      if (rule) while (rule.ends.has(current.tag) || hasOpen(rule)) if (!close(rule.ends, rule.within)) break
    }
    if (depth >= MAX_DEPTH) {
      if (!isVoid) beyond++
      return
    }
    const element: Open = { tag, parent: current, attributes: attributes ?? {}, children: [] }
    current.children.push(element)
    if (isVoid) return
    current = element
    depth++
    open.set(tag, (open.get(tag) ?? 0) + 1)
  }
  const hasOpen = ({ ends }: { ends: ReadonlySet<string> }) => {
    for (const it of ends) if (isOpen(it)) return true
    return false
  }

  const tokenizer = new Tokenizer(
    { xmlMode: xml, recognizeSelfClosing: selfClosing, decodeEntities: true },
    {
      ontext(start, end) {
        if (start !== to) takeRange()
        if (to === 0) from = start
        to = end
      },
      ontextentity(point) {
        takeRange()
        text += String.fromCodePoint(point)
      },
      onopentagname(start, end) {
        flush()
        tag = source.slice(start, end)
        if (!xml) tag = tag.toLowerCase()
        attributes = undefined
      },
      onattribname(start, end) {
        name = ''
        // The longest name that is looked for has less than twenty letters.
        if (end - start > 64) return
        const found = xml ? source.slice(start, end) : source.slice(start, end).toLowerCase()
        if (wanted.has(found)) name = found
        value = undefined
      },
      onattribdata(start, end) {
        if (name !== '') value = (value ?? '') + source.slice(start, end)
      },
      onattribentity(point) {
        if (name !== '') value = (value ?? '') + String.fromCodePoint(point)
      },
      onattribend() {
        if (name === '') return
        attributes ??= {}
        attributes[name] ??= value ?? ''
      },
      onopentagend: () => begin(!xml && voidTags.has(tag)),
      // In HTML the slash means nothing, and only elements that are void anyway bear it rightly.
      onselfclosingtag: () => begin(selfClosing || voidTags.has(tag)),
      onclosetag(start, end) {
        flush()
        isSkipping = false
        const ended = xml ? source.slice(start, end) : source.slice(start, end).toLowerCase()
        if (beyond > 0) beyond--
        else if (ended === 'br' && !xml)
          current.children.push({ tag: 'br', parent: current, attributes: {}, children: [] })
        else if (isOpen(ended) && ended !== 'body' && ended !== 'html')
          close(ended, xml || tableTags.has(ended) ? nothing : endScope)
      },
      oncdata(start, end, offset) {
        if (xml) {
          takeRange()
          text += source.slice(start, end - offset)
        }
      },
      oncomment() {},
      ondeclaration() {},
      onprocessinginstruction() {},
      onend() {
        flush()
      },
    },
  )
  tokenizer.write(source)
  tokenizer.end()
  return root
}

const nothing: ReadonlySet<string> = new Set()

/** The first element of a tag, in document order. */
export function find(root: Element, test: (element: Element) => boolean): Element | undefined {
  if (test(root)) return root
  for (const child of root.children) {
    if (typeof child === 'string') continue
    const found = find(child, test)
    if (found) return found
  }
  return undefined
}

/** All elements that a test accepts, in document order. */
export function findAll(
  root: Element,
  test: (element: Element) => boolean,
  found: Element[] = [],
): Element[] {
  if (test(root)) found.push(root)
  for (const child of root.children) if (typeof child !== 'string') findAll(child, test, found)
  return found
}

/** The text of an element and all below it, as it stands in the source; no more of it than a limit asks for. */
export function textOf(node: Element | string, limit = Infinity): string {
  if (typeof node === 'string') return node
  let text = ''
  for (const child of node.children) {
    if (text.length >= limit) break
    text += textOf(child, limit - text.length)
  }
  return text
}
