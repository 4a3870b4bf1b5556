import { FlagError } from '@flag/core-tensor'

/**
 * Patterns as in huggingface_hub (Python's fnmatch): `*` any characters, `/` included; `?` one; `[abc]`, `[!abc]` one
 * of some; a folder with `/` at its end means all in it.
 */
export function matcher(patterns: readonly string[]): (path: string) => boolean {
  const expressions = patterns.map((pattern) => {
    const whole = pattern.endsWith('/') ? `${pattern}*` : pattern
    const source = whole.replace(/\[!?\]?[^\]]*\]|[\s\S]/g, (part) => {
      if (part === '*') return '.*'
      if (part === '?') return '.'
      if (part.length > 1) {
        const [, not, characters] = /^\[(!?)([\s\S]*)\]$/.exec(part) as RegExpExecArray
        return `[${not && '^'}${characters.replace(/[\\\][^]/g, '\\$&')}]`
      }
      return part.replace(/[\\^$.*+?()[\]{}|]/, '\\$&')
    })
    try {
      return new RegExp(`^${source}$`, 'su')
    } catch (cause) {
      throw new FlagError('invalid-argument', `"${pattern}" is not a pattern for files`, { cause })
    }
  })
  return (path) => expressions.some((expression) => expression.test(path))
}
