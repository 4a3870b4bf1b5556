import { type Element, find } from '../html/tree.ts'
import * as rules from './rules.ts'

/** The lists of FlagData's content extractor, with its own as defaults. */
export interface ContentRules {
  uselessTag: readonly string[]
  uselessAttrKeyword: readonly string[]
  contentAttrKeyword: readonly string[]
  deleteSentence: readonly string[]
}

/** An element as the score sees it, with sums over everything below it. */
interface Node {
  tag: string
  isContent: boolean
  children: (Node | string)[]
  /** Characters of text, pieces of text, marks of punctuation. */
  characters: number
  pieces: number
  punctuation: number
  linkCharacters: number
  tags: number
  links: number
  paragraphs: number
}

const punctuation = new Set(rules.BASE_PUNCTUATION)
const removedIfEmpty = new Set(rules.TAGS_CAN_BE_REMOVE_IF_EMPTY)
const blockClasses = new Set(rules.USELESS_BLOCK_CLASS)

/**
 * The text of a page's content by its density. Every element has the score
 *
 *     density · log10(#p + 2) · ln(sbdi),  density = (ti − lti) / (tgi − ltgi),  sbdi = (ti − lti) / (punctuation + 1)
 *
 * with ti the characters of its text (twice that if its class names content), lti those in links, tgi its tags, ltgi its
 * links and #p its paragraphs; the text of the highest score is the content. Everything is summed in one pass.
 *
 * Source: Xiang et al. 2019, text and symbol density, as GeneralNewsExtractor and `ContentExtractor` of FlagData 3.0 do
 * it; where this differs from FlagData is listed at the step.
 */
export function gneContent(root: Element, given: ContentRules): string {
  const body = find(root, ({ tag }) => tag === 'body') ?? root
  const normalise = normaliser(given)
  const node = normalise(body)
  let best: { node: Node; score: number } | undefined
  const visit = (it: Node) => {
    const score = scoreOf(it)
    if (score > (best?.score ?? 0)) best = { node: it, score }
    for (const child of it.children) if (typeof child !== 'string') visit(child)
  }
  if (node) visit(node)
  return best ? linesOf(best.node).join('\n') : namedContent(root)
}

function scoreOf(node: Node): number {
  const ti = (node.characters + Math.max(0, node.pieces - 1)) * (node.isContent ? 2 : 1)
  const text = ti - node.linkCharacters
  const tags = node.tags - node.links
  if (tags === 0 || text <= 0) return 0
  return (text / tags) * Math.log10(node.paragraphs + 2) * Math.log(text / (node.punctuation + 1))
}

/** Makes the function that copies a tree without what is noise and sums up what is left. */
function normaliser({ uselessTag, uselessAttrKeyword, contentAttrKeyword, deleteSentence }: ContentRules) {
  const useless = new Set([...uselessTag, 'noscript', 'template', 'head'])
  const noise = uselessAttrKeyword.map((keyword) => `-${kebab(keyword)}-`)
  const content = contentAttrKeyword.map((keyword) => keyword.toLowerCase())
  const deleted = new Set(deleteSentence)

  const isNoise = (className: string | undefined) => {
    if (className === undefined) return false
    if (blockClasses.has(className)) return true
    const name = `-${kebab(className.slice(0, 400))}-`
    return noise.some((keyword) => name.includes(keyword))
  }

  const normalise = (element: Element): Node | undefined => {
    const className = element.attributes.class
    if (useless.has(element.tag) || isNoise(className)) return undefined
    const node: Node = {
      tag: element.tag,
      isContent: content.some((keyword) => className?.toLowerCase().includes(keyword)),
      children: [],
      characters: 0,
      pieces: 0,
      punctuation: 0,
      linkCharacters: 0,
      tags: 0,
      links: 0,
      paragraphs: 0,
    }
    for (const child of element.children) {
      if (typeof child === 'string') addText(node, child)
      else {
        const below = normalise(child)
        if (below) addChild(node, below)
      }
    }
    if (removedIfEmpty.has(node.tag) && node.children.length === 0) return undefined
    const isLeaf = node.children.every((child) => typeof child === 'string')
    if (isLeaf && (node.tag === 'div' || node.tag === 'span')) node.tag = 'p'
    return node
  }

  const addText = (node: Node, text: string) => {
    const line = text.replace(/\s+/g, ' ').trim()
    if (line === '' || line.includes('{{') || deleted.has(line)) return
    node.children.push(line)
    node.pieces++
    node.characters += line.length
    for (const character of line) if (punctuation.has(character)) node.punctuation++
  }

  const addChild = (node: Node, child: Node) => {
    // What only marks up words of a paragraph is no tag of its own, and a paragraph without words is none.
    const isDropped =
      (node.tag === 'p' && (child.tag === 'span' || child.tag === 'strong')) ||
      (child.tag === 'p' && child.children.every((it) => typeof it !== 'string'))
    if (isDropped) node.children.push(...child.children)
    else {
      node.children.push(child)
      node.tags++
      if (child.tag === 'a') node.links++
      if (child.tag === 'p') node.paragraphs++
    }
    node.characters += child.characters
    node.pieces += child.pieces
    node.punctuation += child.punctuation
    node.linkCharacters += child.tag === 'a' ? child.characters : child.linkCharacters
    node.tags += child.tags
    node.links += child.links
    node.paragraphs += child.paragraphs
  }
  return normalise
}

const kebab = (name: string) =>
  name
    .replace(/([a-z])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replace(/[^a-z0-9\u4e00-\u9fff]+/g, '-')

/** Text in the flow of a paragraph is one line; every other element begins a new one. */
function linesOf(node: Node): string[] {
  const lines = ['']
  const visit = (it: Node) => {
    const isBlock = !inline.has(it.tag)
    if (isBlock && lines[lines.length - 1] !== '') lines.push('')
    for (const child of it.children) {
      const last = lines.length - 1
      if (typeof child !== 'string') visit(child)
      else lines[last] += lines[last] === '' || isEastern(lines[last], child) ? child : ` ${child}`
    }
    if (isBlock && lines[lines.length - 1] !== '') lines.push('')
  }
  visit(node)
  return lines.filter((line) => line !== '')
}

const inline = new Set(
  'a abbr b bdi bdo cite code em font i kbd mark q s samp small span strong sub sup u var'.split(' '),
)
const eastern = /[\u3000-\u9fff\uff00-\uffef]/

/** Chinese and Japanese put no space between words. */
const isEastern = (before: string, after: string) =>
  eastern.test(before.at(-1) ?? '') || eastern.test(after[0])

/** Where no element has a score: the text of what is named content, else of the page. */
function namedContent(root: Element): string {
  const named = find(
    root,
    ({ attributes }) => /content/i.test(attributes.class ?? '') || (attributes.id ?? '').includes('_content'),
  )
  const body = named ?? find(root, ({ tag }) => tag === 'body') ?? root
  return visibleText(body)
}

function visibleText(element: Element): string {
  const parts: string[] = []
  const visit = (it: Element) => {
    if (it.tag === 'script' || it.tag === 'style' || it.tag === 'head') return
    for (const child of it.children) {
      if (typeof child !== 'string') visit(child)
      else if (child.trim() !== '') parts.push(child.replace(/\s+/g, ' ').trim())
    }
  }
  visit(element)
  return parts.join('\n')
}
