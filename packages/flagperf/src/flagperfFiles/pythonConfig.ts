import { FlagError } from '@flag/core-tensor'

/** What of Python a configuration of FlagPerf needs: names, literals and tables of texts. Nothing is run. */
type Token = { readonly kind: 'text' | 'word' | 'sign'; readonly value: string; readonly line: number }

const pattern =
  /(?<space>\s+|#[^\n]*)|(?<long>'''.*?'''|""".*?""")|(?<text>"(?:[^"\\\n]|\\[^\n])*"|'(?:[^'\\\n]|\\[^\n])*')|(?<word>[\w.]+)|(?<sign>.)/gsy

function tokensOf(source: string): Token[] {
  const tokens: Token[] = []
  let line = 1
  for (const { 0: all, groups = {} } of source.matchAll(pattern)) {
    const { text, word, sign, long } = groups
    if (text !== undefined) tokens.push({ kind: 'text', value: unquoted(text), line })
    else if (long !== undefined) tokens.push({ kind: 'text', value: long.slice(3, -3), line })
    else if (word !== undefined) tokens.push({ kind: 'word', value: word, line })
    else if (sign !== undefined) tokens.push({ kind: 'sign', value: sign, line })
    line += all.split('\n').length - 1
  }
  return tokens
}

const unquoted = (literal: string) => literal.slice(1, -1).replace(/\\(.)/g, '$1')

/**
 * The assignments of a Python file whose values are a text, a truth value, a number, or a table of texts. Others, and
 * whatever else the file does, are left out. Throws `corrupt-file` for a table that is something else.
 */
export function pythonAssignments(code: string, source: string): Record<string, unknown> {
  const tokens = tokensOf(code)
  const values: Record<string, unknown> = {}
  const isSign = (i: number, sign: string) => tokens[i]?.kind === 'sign' && tokens[i].value === sign
  for (let i = 0; i + 2 < tokens.length; i++) {
    const name = tokens[i]
    if (name.kind !== 'word' || !isSign(i + 1, '=') || isSign(i + 2, '=')) continue
    const value = tokens[i + 2]
    if (value.kind === 'text') values[name.value] = value.value
    else if (value.kind === 'word') values[name.value] = literalOf(value.value)
    else if (value.value === '{') {
      const [table, end] = tableFrom(tokens, i + 3, name.value, source)
      values[name.value] = table
      i = end
    }
  }
  return values
}

const constants: Readonly<Record<string, unknown>> = { True: true, False: false, None: null }
const literalOf = (word: string) =>
  word in constants ? constants[word] : Number.isNaN(Number(word)) ? word : Number(word)

/** A table of texts, from the token after its brace, and the place of the brace that ends it. */
function tableFrom(tokens: readonly Token[], start: number, name: string, source: string) {
  const table: Record<string, unknown> = {}
  for (let i = start; ; ) {
    const [key, colon, value, comma] = tokens.slice(i, i + 4)
    if (key?.kind === 'sign' && key.value === '}') return [table, i] as const
    const isPair =
      key?.kind === 'text' && colon?.value === ':' && value !== undefined && value.kind !== 'sign'
    if (!isPair || (comma?.value !== ',' && comma?.value !== '}')) {
      const { line } = comma ?? value ?? colon ?? key ?? tokens[tokens.length - 1]
      throw new FlagError('corrupt-file', `${source}: line ${line}: ${name} is not a table of texts`, {
        hint: 'expected lines of "key": "value", with commas between them',
      })
    }
    table[key.value] = value.kind === 'text' ? value.value : literalOf(value.value)
    i += comma.value === ',' ? 4 : 3
  }
}
