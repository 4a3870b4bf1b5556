import { existsSync, readFileSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { FlagError } from '@flag/core-tensor'
import { type Document, isMap, isNode, LineCounter, parseDocument } from 'yaml'

/** `!function module.name`: an export of a JavaScript or TypeScript module beside the YAML file. */
class FunctionReference {
  constructor(
    readonly module: string,
    readonly name: string,
  ) {}
}

/** A YAML file with its includes merged in: the later and the own keys win. */
export interface YamlFile {
  readonly file: string
  readonly content: Record<string, unknown>
  /** `file:line: key`, of a key or of something inside it. */
  where(path: readonly PropertyKey[]): string
}

interface Source {
  file: string
  document: Document
  lines: LineCounter
}

function placeIn({ file, document, lines }: Source, path: readonly PropertyKey[]): string {
  for (let depth = path.length; depth > 0; depth--) {
    const parent =
      depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1) as string[], true)
    const pair = isMap(parent)
      ? parent.items.find(({ key }) => String(key) === String(path[depth - 1]))
      : undefined
    const node = pair?.key ?? document.getIn(path.slice(0, depth) as string[], true)
    if (isNode(node) && node.range) return `${file}:${lines.linePos(node.range[0]).line}: ${path.join('.')}`
  }
  return path.length === 0 ? file : `${file}: ${path.join('.')}`
}

/**
 * Reads a YAML file of lm-eval's dialect: YAML 1.1 as PyYAML reads it, `include`, `!function`. Throws `not-found`, and
 * `corrupt-file` with file and line.
 */
export function readYaml(path: string, parents: readonly string[] = []): YamlFile {
  const file = resolve(path)
  if (!existsSync(file)) throw new FlagError('not-found', `${file}: no such file`)
  if (parents.includes(file)) {
    throw new FlagError('corrupt-file', `${file} includes itself: ${[...parents, file].join(' → ')}`)
  }
  const lines = new LineCounter()
  const document = parseDocument(readFileSync(file, 'utf8'), {
    version: '1.1',
    merge: true,
    lineCounter: lines,
    customTags: [
      {
        tag: '!function',
        resolve: (text: string) => {
          const dot = text.lastIndexOf('.')
          return new FunctionReference(text.slice(0, Math.max(dot, 0)), text.slice(dot + 1))
        },
      },
    ],
  })
  const [problem] = [...document.errors, ...document.warnings]
  if (problem) {
    const line = problem.linePos?.[0].line
    throw new FlagError('corrupt-file', `${file}:${line}: ${problem.message.split(/ at line|\n/)[0]}`, {
      cause: problem,
    })
  }
  const own = document.toJS() as unknown
  if (own === null || typeof own !== 'object' || Array.isArray(own)) {
    throw new FlagError(
      'corrupt-file',
      `${file}: expected keys and values, found ${own === null ? 'nothing' : typeof own}`,
    )
  }
  const source = { file, document, lines }
  const { include, ...keys } = own as Record<string, unknown>
  const included = (Array.isArray(include) ? include : include === undefined ? [] : [include]).map(
    (name, i) => {
      if (typeof name !== 'string') {
        throw new FlagError(
          'corrupt-file',
          `${placeIn(source, ['include'])}: expected a file name, found ${typeof name}`,
        )
      }
      const target = isAbsolute(name) ? name : join(dirname(file), name)
      if (!existsSync(target)) {
        throw new FlagError(
          'not-found',
          `${placeIn(source, Array.isArray(include) ? ['include', i] : ['include'])}: no such file ${target}`,
        )
      }
      return readYaml(target, [...parents, file])
    },
  )
  const content: Record<string, unknown> = {}
  for (const { content: inherited } of included) {
    const { task_list: _, ...rest } = inherited
    Object.assign(content, rest)
  }
  Object.assign(content, keys)
  return {
    file,
    content,
    where: (path) => {
      const key = path[0] as string
      const from = path.length === 0 || key in keys ? undefined : included.findLast((it) => key in it.content)
      return from ? from.where(path) : placeIn(source, path)
    },
  }
}

const EXTENSIONS = ['.ts', '.mts', '.mjs', '.js']

/**
 * The values with every `!function` replaced by the export it names. Modules are looked for beside the file.
 * Throws `not-found` with file and line.
 */
export async function resolveFunctions(yaml: YamlFile): Promise<Record<string, unknown>> {
  const visit = async (value: unknown, path: readonly (string | number)[]): Promise<unknown> => {
    if (value instanceof FunctionReference) return load(value, yaml, path)
    if (Array.isArray(value)) return Promise.all(value.map((it, i) => visit(it, [...path, i])))
    if (value === null || typeof value !== 'object') return value
    const entries = Object.entries(value).map(
      async ([key, it]) => [key, await visit(it, [...path, key])] as const,
    )
    return Object.fromEntries(await Promise.all(entries))
  }
  return (await visit(yaml.content, [])) as Record<string, unknown>
}

async function load({ module, name }: FunctionReference, yaml: YamlFile, path: readonly (string | number)[]) {
  // The key may come from an included file of another folder: the module lies beside that.
  const place = yaml.where(path)
  const folder = dirname(place.slice(0, place.search(/:\d+: |: /)))
  const base = join(folder, ...module.split('.'))
  const file = EXTENSIONS.map((extension) => base + extension).find(existsSync)
  if (file === undefined) {
    const python = existsSync(`${base}.py`)
    throw new FlagError('not-found', `${place}: no module ${base} with ${EXTENSIONS.join(', ')}`, {
      hint: python
        ? `${base}.py is Python: write its function ${name} as an export of ${base}.mjs`
        : `write ${base}.mjs with an export ${name}`,
    })
  }
  const exported = ((await import(pathToFileURL(file).href)) as Record<string, unknown>)[name]
  if (typeof exported !== 'function') {
    throw new FlagError('not-found', `${place}: ${file} exports no function ${name}`)
  }
  return exported
}
