import { characterEntities } from 'character-entities'
import { c1Character } from './codePages.ts'

/** Names in capitals of entities whose name is in small letters: `&EACUTE;` for É, where HTML knows no such name. */
const capitals: ReadonlyMap<string, string> = new Map(
  Object.entries(characterEntities)
    .filter(([name]) => name === name.toLowerCase() && !Object.hasOwn(characterEntities, name.toUpperCase()))
    .map(([name, characters]) => [name.toUpperCase(), characters.toUpperCase()]),
)

const entity = /&(?:#(?:\d{1,7}|[xX][\da-fA-F]{1,6})|[a-zA-Z][a-zA-Z0-9]{0,30});/g

/** As browsers show it: numbers of control characters are those of windows-1252. */
function character(code: number): string {
  if (code >= 0x80 && code < 0xa0) return c1Character(code)
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return '\ufffd'
  return String.fromCodePoint(code)
}

/** Decodes HTML entities that end in a semicolon; without one `&notit` would become ¬it. */
export function decodeEntities(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(entity, (found) => {
    const name = found.slice(1, -1)
    if (name[0] === '#')
      return character(
        /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10),
      )
    if (Object.hasOwn(characterEntities, name)) return characterEntities[name]
    return capitals.get(name) ?? found
  })
}
