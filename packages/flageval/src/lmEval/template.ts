import { FlagError } from '@flag/core-tensor'
import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja'
import { pythonSub, repr, str, strip } from '../python/text.ts'

// The package gives no types for its values; these are the parts that are looked at here.
interface Value {
  type: string
  value: unknown
}
interface Node {
  type: string
  [key: string]: unknown
}

interface Scope {
  set(name: string, value: unknown): Value
}

// Its types do not resolve under Node's rules, so they are said here.
const Base = Interpreter as unknown as new (
  scope: Scope,
) => {
  run(program: Node): Value
  evaluate(statement: Node | undefined, scope: Scope): Value
}
const newScope = () => new Environment() as unknown as Scope

/** A value of the interpreter as plain data. */
function plain({ type, value }: Value): unknown {
  if (type === 'ArrayValue' || type === 'TupleValue') return (value as Value[]).map(plain)
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, it]) => [key, plain(it)]))
  return value ?? null
}

/** What Jinja writes for a value: Python's `str` of it. */
function shown(value: Value): string {
  if (value.type === 'FloatValue' && Number.isInteger(value.value)) return (value.value as number).toFixed(1)
  if (value.type === 'TupleValue') {
    const items = plain(value) as unknown[]
    return `(${items.map(repr).join(', ')}${items.length === 1 ? ',' : ''})`
  }
  return str(plain(value))
}

type Method = (self: never, ...args: never[]) => unknown

const indexIn = (list: readonly unknown[], item: unknown) => {
  const at = list.findIndex((it) => repr(it) === repr(item))
  if (at === -1) throw new Error(`${repr(item)} is not in the list ${repr(list)}`)
  return at
}

/** Methods of Python's lists and texts that published tasks call and the interpreter lacks. */
const listMethods: Record<string, Method> = {
  index: (self: unknown[], item: unknown) => indexIn(self, item),
  count: (self: unknown[], item: unknown) => self.filter((it) => repr(it) === repr(item)).length,
}
const textMethods: Record<string, Method> = {
  join: (self: string, items: string[]) => items.join(self),
  find: (self: string, part: string) => self.indexOf(part),
  count: (self: string, part: string) => self.split(part).length - 1,
  index: (self: string, part: string) => {
    if (!self.includes(part)) throw new Error(`substring ${repr(part)} not found`)
    return self.indexOf(part)
  },
  isdigit: (self: string) => /^[0-9]+$/.test(self),
  zfill: (self: string, width: number) => self.padStart(width, '0'),
  format: (self: string, ...items: unknown[]) => {
    let next = 0
    return self.replace(/\{(\d*)\}/g, (_, at) => str(items[at === '' ? next++ : Number(at)]))
  },
}

/** Jinja as lm-eval sets it up: strict about what is undefined, Python's way of writing values, `regex_replace`. */
class StrictInterpreter extends Base {
  override evaluate(node: Node | undefined, scope: Scope): Value {
    const sub = (child: unknown) => this.evaluate(child as Node, scope)
    // The classes of values are not exported; a variable of a scope of its own becomes one.
    const literal = (value: unknown): Value => newScope().set('it', value)
    switch (node?.type) {
      case 'Output':
        return literal(shown(this.#defined(node.expression, sub(node.expression))))
      case 'If':
        this.#defined(node.test, sub(node.test))
        break
      case 'CallExpression': {
        const callee = node.callee as Node
        if (callee.type !== 'MemberExpression' || callee.computed === true) break
        const self = sub(callee.object)
        const name = (callee.property as Node).value as string
        const methods =
          self.type === 'StringValue' ? textMethods : self.type === 'ArrayValue' ? listMethods : {}
        if (!Object.hasOwn(methods, name)) break
        const args = (node.args as Node[]).map((arg) => plain(sub(arg)))
        return literal((methods[name] as (...args: unknown[]) => unknown)(plain(self), ...args))
      }
      case 'FilterExpression': {
        const filter = node.filter as Node
        const name = ((filter.callee as Node | undefined) ?? filter).value
        if (name === 'trim' && filter.type === 'Identifier')
          return literal(strip(str(plain(sub(node.operand)))))
        if (name !== 'regex_replace') break
        const [pattern, replacement] = (filter.args as Node[]).map((arg) => str(plain(sub(arg))))
        return literal(pythonSub(pattern, replacement, str(plain(sub(node.operand)))))
      }
    }
    return super.evaluate(node, scope)
  }

  #defined(expression: unknown, value: Value): Value {
    if (value.type === 'UndefinedValue') throw new Error(`${named(expression as Node)} is undefined`)
    return value
  }
}

/** How an expression is written, as far as an error message needs it. */
function named(node: Node): string {
  if (node.type === 'Identifier') return `"${node.value}"`
  if (node.type !== 'MemberExpression') return 'a value'
  const property = node.property as Node
  return `${named(node.object as Node)}.${property.value ?? '?'}`
}

const statements = new Set([
  'If',
  'For',
  'Set',
  'Macro',
  'CallStatement',
  'FilterStatement',
  'Break',
  'Continue',
  'Comment',
  'StringLiteral',
])

/** Marks the expressions whose value is written, in this block and in those inside it. */
function markOutputs(body: Node[]): Node[] {
  return body.map((node) => {
    for (const key of ['body', 'alternate', 'defaultBlock']) {
      if (Array.isArray(node[key])) node[key] = markOutputs(node[key] as Node[])
    }
    return statements.has(node.type) ? node : { type: 'Output', expression: node }
  })
}

const parsed = new Map<string, Node>()

function programOf(template: string): Node {
  const known = parsed.get(template)
  if (known) return known
  // The tokenizer drops one line break at the end; lm-eval keeps it.
  const program = parse(tokenize(template.endsWith('\n') ? `${template}\n` : template)) as unknown as Node
  program.body = markOutputs(program.body as Node[])
  parsed.set(template, program)
  return program
}

const constants = { true: true, True: true, false: false, False: false, none: null, None: null }

/**
 * A Jinja template with the fields of a document as its variables. Throws `invalid-argument` for what is undefined and
 * for what the template language here lacks.
 */
export function render(template: string, fields: Readonly<Record<string, unknown>>): string {
  try {
    const scope = newScope()
    for (const [name, value] of Object.entries({ ...constants, ...fields })) scope.set(name, value)
    scope.set('range', (from: number, to?: number, by = 1) => {
      const [start, end] = to === undefined ? [0, from] : [from, to]
      return Array.from({ length: Math.max(0, Math.ceil((end - start) / by)) }, (_, i) => start + i * by)
    })
    return new StrictInterpreter(scope).run(programOf(template)).value as string
  } catch (cause) {
    throw new FlagError(
      'invalid-argument',
      `template ${JSON.stringify(template)}: ${(cause as Error).message}`,
      { cause },
    )
  }
}
