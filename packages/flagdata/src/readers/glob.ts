/**
 * A regular expression for a path pattern: `*` and `?` stay within a folder, `**` does not, `[…]` is a set and `{a,b}`
 * a choice.
 */
export function globToRegExp(pattern: string): RegExp {
  let source = ''
  let depth = 0
  for (let at = 0; at < pattern.length; ) {
    const rest = pattern.slice(at)
    const token = /^(?:\*\*\/|\*\*|\[[^\]]+\]|.)/su.exec(rest)?.[0] ?? rest
    at += token.length
    if (token === '**/') source += '(?:.*/)?'
    else if (token === '**') source += '.*'
    else if (token === '*') source += '[^/]*'
    else if (token === '?') source += '[^/]'
    else if (token.length > 1 && token.startsWith('['))
      source += token.replace(/^\[!/, '[^').replaceAll('\\', '\\\\')
    else if (token === '{') {
      source += '(?:'
      depth++
    } else if (token === '}' && depth > 0) {
      source += ')'
      depth--
    } else if (token === ',' && depth > 0) source += '|'
    else source += token.replace(/[.+^${}()|[\]\\]/g, '\\$&')
  }
  return new RegExp(`^${source}${')'.repeat(depth)}$`, 'u')
}
