import { collapse } from '../html/metadata.ts'
import { type Element, find, findAll, textOf } from '../html/tree.ts'
import { META_TITLE } from './rules.ts'

/**
 * The title of a page: of its Open Graph or Twitter `meta`, else the longest part of its `title` element, else the
 * longest of its first headings and of what has "title" in its id or class. Empty if there is none.
 */
export function gneTitle(root: Element): string {
  return metaTitle(root) ?? titleOfTag(root) ?? supplementTitle(root) ?? ''
}

function metaTitle(root: Element): string | undefined {
  for (const name of META_TITLE) {
    const meta = find(
      root,
      ({ tag, attributes }) => tag === 'meta' && (attributes.property === name || attributes.name === name),
    )
    const title = collapse(meta?.attributes.content)
    if (title !== undefined) return title
  }
  return undefined
}

/** A hyphen separates only where space stands around it: words have hyphens too. */
function titleOfTag(root: Element): string | undefined {
  const element = find(root, ({ tag }) => tag === 'title')
  const title = collapse(element && textOf(element))
  const parts = title?.split(/ [-–—] |[_|]/).filter((part) => part.trim().length >= 3) ?? []
  return longest(parts) ?? title
}

function supplementTitle(root: Element): string | undefined {
  const heading = (name: string) => {
    const element = find(root, ({ tag }) => tag === name)
    return element ? [textOf(element)] : []
  }
  const named = findAll(
    root,
    ({ attributes: { id, class: className } }) => /title/i.test(id ?? '') || /title/i.test(className ?? ''),
  ).map(({ children }) => children.filter((child) => typeof child === 'string').join(''))
  return longest([...heading('h1'), ...heading('h2'), ...named].filter((text) => !text.includes('{{')))
}

const longest = (texts: readonly string[]): string | undefined =>
  texts.map(collapse).reduce((a, b) => ((b?.length ?? 0) > (a?.length ?? 0) ? b : a), undefined)
