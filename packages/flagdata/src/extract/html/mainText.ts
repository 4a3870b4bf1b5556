import { type Block, blocksOf, type Region, textOfBlocks } from './blocks.ts'
import { type StopWords, stopWordsFor } from './stopWords.ts'
import type { Element } from './tree.ts'

/** What the text of a page's own content is, and what was learnt on the way. */
export interface MainText {
  text: string
  /** The language that the function words are of, if there were enough of them. */
  language: string | undefined
}

/** Names of classes and ids that mark what stands around content, compared word by word. */
const noiseNames = new Set(
  'ad ads advert advertisement banner breadcrumb breadcrumbs byline catlinks comment comments cookie cookies consent contentinfo copyright disqus docnav editsection feedback foot footer footnav gdpr headerlink login masthead menu menubar modal nav navbar navbox navfooter navheader navigation navmenu newsletter noprint outbrain pager pagination pagetools popup printfooter prevnext promo recommend recommended related rss search share sharing sidebar signup skip social sponsor sponsored subscribe tabs tags taboola toc toolbar topbar widget widgets'.split(
    ' ',
  ),
)
const noiseRoles = new Set(
  'navigation banner contentinfo complementary search menu menubar dialog alert toolbar'.split(' '),
)
const noiseTags = new Set(['nav', 'aside', 'footer', 'dialog'])
const listTags = new Set(['ul', 'ol', 'div', 'section', 'form'])
const mainRoles = new Set(['main', 'article'])

/** Below this part of function words a text is not prose (Pomikálek 2011: 0.30 for the languages that have articles). */
const PROSE_DENSITY = 0.22
/** A block of fewer letters is judged by what stands around it. */
const SHORT = 40
/** A region with more than this part of its text in links is a list of links. */
const LINK_LIST = 0.66
/** A page of which less is left without its lists of links is an index. */
const INDEX = 0.35
/** A region that holds this part of all content holds it all. */
const NEARLY_ALL = 0.95

/**
 * The content of a page without what stands around it: menus, footers, teasers, share buttons.
 *
 * Blocks of text are weighed by length, links and function words. The region to read is looked for from the body
 * downwards: into `main` or an only `article` that holds much of the page's prose, then as long as one child holds
 * nearly all of it. From that region parts are taken out that are lists of links, or bear a name of what stands around
 * content and do not read like prose.
 *
 * Sources of the ideas: Kohlschütter et al. 2010 (text and link density of blocks), Pomikálek 2011 (function words,
 * short blocks by their neighbours), Barbaresi 2021 (names and semantic tags). The weights are ours.
 */
export function mainText(root: Element, declaredLanguage?: string): MainText {
  const { blocks, region } = blocksOf(root)
  const stopWords = stopWordsFor(sampleOf(blocks), declaredLanguage)
  const page = new Page(blocks, stopWords)
  const start = page.contentRegion(region)
  const chosen = page.content(start)
  const title = page.headingBefore(start, region)
  const kept = chosen.length > 0 ? chosen : page.content(region)
  return {
    text: textOfBlocks(title && !kept.includes(title) ? [title, ...kept] : kept),
    language: stopWords.language,
  }
}

/** Text outside of links tells the language best; a page of nothing but links, its links. */
function sampleOf(blocks: readonly Block[]): string {
  let text = ''
  for (const block of blocks)
    if (block.kind !== 'code' && block.linkLength * 4 < block.length && text.length < 4000)
      text += `${block.text}\n`
  if (text.length < 200) for (const block of blocks) if (text.length < 4000) text += `${block.text}\n`
  return text
}

class Page {
  readonly #blocks: readonly Block[]
  /** Sums over the blocks before each, so that a region's sums take no walk. */
  readonly #content: Float64Array
  readonly #length: Float64Array
  readonly #links: Float64Array

  constructor(blocks: readonly Block[], stopWords: StopWords) {
    this.#blocks = blocks
    const size = blocks.length + 1
    this.#content = new Float64Array(size)
    this.#length = new Float64Array(size)
    this.#links = new Float64Array(size)
    for (const [i, block] of blocks.entries()) {
      this.#content[i + 1] = this.#content[i] + contentOf(block, stopWords)
      this.#length[i + 1] = this.#length[i] + block.length
      this.#links[i + 1] = this.#links[i] + block.linkLength
    }
  }

  #contentIn(region: Region): number {
    return this.#content[region.to] - this.#content[region.from]
  }

  #lengthIn({ from, to }: Region): number {
    return this.#length[to] - this.#length[from]
  }

  #linkDensity({ from, to }: Region): number {
    return (this.#links[to] - this.#links[from]) / Math.max(1, this.#length[to] - this.#length[from])
  }

  /** The region that holds the content and as little else as possible. */
  contentRegion(body: Region): Region {
    let region = this.#declared(body) ?? body
    for (;;) {
      const all = this.#contentIn(region)
      const child = region.children.find((it) => this.#contentIn(it) >= NEARLY_ALL * all)
      if (child === undefined || all === 0 || isLeaf(child)) return region
      region = child
    }
  }

  /** What the page itself says is its content, if a good part of the prose is there. */
  #declared(body: Region): Region | undefined {
    const all = this.#contentIn(body)
    const found: Region[] = []
    collect(body, isMain, found)
    const isMore = (a: Region, b: Region) =>
      this.#contentIn(b) - this.#contentIn(a) || this.#lengthIn(b) - this.#lengthIn(a)
    const [best] = found.sort(isMore)
    return best && this.#contentIn(best) >= 0.4 * all ? best : undefined
  }

  /**
   * The blocks of a region without what stands around content. Where that leaves little, lists of links are what the
   * page is about, such as a table of contents.
   */
  content(region: Region): Block[] {
    const named = this.#keep(region, (it) => this.#isNamedNoise(it))
    const kept = this.#keep(region, (it) => this.#isNamedNoise(it) || this.#isLinkList(it))
    return lengthOf(kept) < INDEX * lengthOf(named) ? named : kept
  }

  #keep(region: Region, isNoise: (region: Region) => boolean, kept: Block[] = []): Block[] {
    let next = region.from
    for (const child of region.children) {
      for (; next < child.from; next++) kept.push(this.#blocks[next])
      if (!isNoise(child)) this.#keep(child, isNoise, kept)
      next = child.to
    }
    for (; next < region.to; next++) kept.push(this.#blocks[next])
    return kept
  }

  #isNamedNoise(region: Region): boolean {
    if (!isNamedNoise(region.element)) return false
    return this.#linkDensity(region) > 0.3 || this.#contentIn(region) < 0.5 * this.#lengthIn(region)
  }

  #isLinkList(region: Region): boolean {
    if (region.to - region.from <= 2 || !listTags.has(region.element.tag)) return false
    return this.#linkDensity(region) > LINK_LIST && this.#contentIn(region) < 0.2 * this.#lengthIn(region)
  }

  /** The page's main heading where it stands before the content, not in it. */
  headingBefore(content: Region, body: Region): Block | undefined {
    const headings: Region[] = []
    collect(body, ({ tag }) => tag === 'h1', headings)
    const inside = headings.some(({ from }) => from >= content.from && from < content.to)
    const [only] = headings.filter(({ to }) => to <= content.from).slice(-1)
    return inside || only === undefined ? undefined : this.#blocks[only.from]
  }
}

/** How much a block counts as content: its letters outside of links if it reads like prose, fewer if it does not. */
function contentOf({ kind, text, length, linkLength }: Block, stopWords: StopWords): number {
  const own = length - linkLength
  if (kind === 'code') return Math.min(own, 500) / 2
  if (kind === 'heading' || length + 2 * stopWords.ideographs(text) < SHORT) return 0
  if (linkLength > length / 2) return 0
  return stopWords.density(text) >= PROSE_DENSITY ? own : own / 4
}

const lengthOf = (blocks: readonly Block[]) => blocks.reduce((sum, { length }) => sum + length, 0)

const isLeaf = ({ element: { tag } }: Region) =>
  tag === 'p' ||
  tag === 'pre' ||
  tag === 'table' ||
  tag === 'tr' ||
  tag === 'ul' ||
  tag === 'ol' ||
  tag === 'dl'

function isMain({ tag, attributes: { role, itemprop } }: Element): boolean {
  return tag === 'main' || tag === 'article' || mainRoles.has(role ?? '') || itemprop === 'articleBody'
}

function isNamedNoise({ tag, attributes: { role, class: className, id } }: Element): boolean {
  if (noiseTags.has(tag) || (role !== undefined && noiseRoles.has(role))) return true
  if (tag === 'body' || tag === 'html' || tag === 'main' || tag === 'article') return false
  return namesNoise(className) || namesNoise(id)
}

/** Whether a word of a name such as `site-footer`, `siteFooter` or `site_footer` is one of those. */
function namesNoise(name: string | undefined): boolean {
  if (name === undefined || name.length > 200) return false
  for (const word of name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/))
    if (noiseNames.has(word)) return true
  return false
}

function collect(region: Region, test: (element: Element) => boolean, found: Region[]): void {
  if (test(region.element)) found.push(region)
  for (const child of region.children) collect(child, test, found)
}
