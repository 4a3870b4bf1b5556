import { readdir, readFile } from 'node:fs/promises'
import {
  isMap,
  isNode,
  isPair,
  isScalar,
  LineCounter,
  parseDocument,
  type Document as YamlDocument,
} from 'yaml'
import * as z from 'zod'
import { condenseSchemas } from '../condense/config.ts'
import { type DedupConfig, type DedupName, dedupNames, dedupSchemas } from '../dedup/config.ts'
import { DataError } from '../errors.ts'
import { type Pipeline, readSchema, writeSchema } from './pipeline.ts'
import { makeStep, type StepSpec, stepFactory, stepNames } from './registry.ts'

/** Where the input and the output are, given beside the recipe. */
export interface RecipePaths {
  input?: string
  output?: string
}

type Path = readonly (string | number)[]

/** A recipe's text with what is needed to name a line of it. */
class Source {
  readonly file: string
  readonly document: YamlDocument
  readonly #lines = new LineCounter()

  constructor(text: string, file: string) {
    this.file = file
    this.document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false })
    const [error] = this.document.errors
    if (error) throw this.#error(this.#lines.linePos(error.pos[0]), error.message)
  }

  /** An error at a place of the recipe; at its nearest parent where the place itself is missing. */
  errorAt(path: Path, message: string, hint?: string): DataError {
    for (let length = path.length; length >= 0; length--) {
      const offset = this.#offset(path.slice(0, length))
      if (offset !== undefined) return this.#error(this.#lines.linePos(offset), message, hint)
    }
    return this.#error({ line: 1, col: 1 }, message, hint)
  }

  /** Where a key stands, or an element of a list. */
  #offset(path: Path): number | undefined {
    const parent = path.length > 0 ? this.document.getIn(path.slice(0, -1), true) : undefined
    if (isMap(parent)) {
      const pair = parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1))
      if (isPair(pair) && isNode(pair.key)) return pair.key.range?.[0]
    }
    const node = path.length > 0 ? this.document.getIn(path, true) : this.document.contents
    return isNode(node) ? node.range?.[0] : undefined
  }

  #error({ line, col }: { line: number; col: number }, message: string, hint?: string): DataError {
    return new DataError('invalid-argument', `${this.file}:${line}:${col}: ${message}`, { hint })
  }

  /** Checks a value that stands at a path. */
  check<Schema extends z.ZodType>(schema: Schema, value: unknown, path: Path): z.output<Schema> {
    const parsed = schema.safeParse(value)
    if (parsed.success) return parsed.data
    const [issue] = parsed.error.issues
    const at = [...path, ...(issue.path as (string | number)[])]
    if (issue.code !== 'unrecognized_keys') {
      const name = at.join('.')
      throw this.errorAt(at, name === '' ? issue.message : `${name}: ${issue.message}`)
    }
    const known = knownKeys(schema)
    throw this.errorAt(
      [...at, issue.keys[0]],
      `unknown key "${issue.keys[0]}"`,
      known ? `known: ${known.join(', ')}` : undefined,
    )
  }
}

const knownKeys = (schema: z.ZodType) =>
  schema instanceof z.ZodObject ? Object.keys(schema.shape as object) : undefined

const recipeSchema = z.strictObject({
  /** What the recipe is for, in a sentence. */
  description: z.string().optional(),
  read: z.unknown().optional(),
  steps: z.array(z.unknown()).default([]),
  dedup: z.unknown().optional(),
  /** Choices that look at all documents, after the deduplications. */
  condense: z.unknown().optional(),
  write: z.unknown().optional(),
})

/**
 * The pipeline of a recipe:
 *
 * ```yaml
 * read: { format: jsonl, path: crawl }
 * steps:
 *   - gopher-repetition
 *   - gopher-quality: { minWords: 100 }
 * dedup: minhash
 * write: { path: clean, compression: gzip }
 * ```
 *
 * @throws DataError `invalid-argument` with file, line and column for anything that is not understood
 */
export function parseRecipe(text: string, file: string, paths: RecipePaths = {}): Pipeline {
  const source = new Source(text, file)
  const value = source.document.toJS() ?? {}
  const recipe = source.check(recipeSchema, value, [])
  const withPath = (part: unknown, path: string | undefined) =>
    path === undefined || (part !== undefined && (typeof part !== 'object' || part === null))
      ? part
      : { ...(part as object | undefined), path }
  const required = (part: 'read' | 'write', option: string, path: string | undefined) => {
    const merged = withPath(recipe[part], path)
    if (merged !== undefined && typeof merged === 'object' && merged !== null && 'path' in merged)
      return merged
    if (merged === undefined || typeof merged === 'object')
      throw source.errorAt([part], `${part}: no path`, `write it there, or give ${option}`)
    return merged
  }
  const read = source.check(readSchema, required('read', '--input', paths.input), ['read'])
  const write = source.check(writeSchema, required('write', '--output', paths.output), ['write'])
  const steps = recipe.steps.map((step, i) => makeStep(checkStep(source, step, ['steps', i])))
  const dedups = (['dedup', 'condense'] as const).flatMap((key) => checkDedups(source, recipe[key], key))
  return { read, steps, dedups, write }
}

/** A step is its name, or its name with options. */
function checkStep(source: Source, step: unknown, path: Path): StepSpec {
  const entries = typeof step === 'string' ? [[step, {}] as const] : Object.entries(step ?? {})
  if ((typeof step !== 'string' && typeof step !== 'object') || entries.length !== 1)
    throw source.errorAt(path, 'expected a step: its name, or its name with options')
  const [name, options] = entries[0]
  const factory = stepFactory(name)
  if (factory === undefined) throw source.errorAt(path, `no step "${name}"`, `known: ${stepNames.join(', ')}`)
  source.check(factory.schema, options ?? {}, [...path, name])
  return { name, options: options ?? {} }
}

/** One deduplication or selection, or a list of them, each its name, or its name with options. */
function checkDedups(source: Source, value: unknown, key: 'dedup' | 'condense'): DedupConfig[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) return [checkDedup(source, value, [key])]
  return value.map((one, i) => checkDedup(source, one, [key, i]))
}

function checkDedup(source: Source, value: unknown, path: Path): DedupConfig {
  const entries = typeof value === 'string' ? [[value, {}] as const] : Object.entries(value ?? {})
  const [name, options] = entries[0] ?? []
  const known = dedupNames.filter((it) => it in condenseSchemas === (path[0] === 'condense'))
  if (entries.length !== 1 || !known.includes(name as DedupName))
    throw source.errorAt(path, `${path[0]}: expected one of ${known.join(', ')}`)
  const config = source.check(dedupSchemas[name as DedupName], options ?? {}, [...path, name as DedupName])
  return { [name as DedupName]: config } as unknown as DedupConfig
}

/** Beside the sources, and beside the bundle. */
const recipeFolders = ['../../recipes/', '../recipes/'].map((path) => new URL(path, import.meta.url))

/** The names and texts of the recipes that come with the package. */
export async function shippedRecipes(): Promise<ReadonlyMap<string, string>> {
  const recipes = new Map<string, string>()
  for (const folder of recipeFolders) {
    for (const name of (await readdir(folder).catch(() => [])).sort())
      if (name.endsWith('.yaml'))
        recipes.set(name.slice(0, -5), await readFile(new URL(name, folder), 'utf8'))
    if (recipes.size > 0) break
  }
  return recipes
}

/**
 * Opens a recipe: a file, or the name of one that comes with the package.
 *
 * @throws DataError `not-found` if there is neither, `invalid-argument` if it is not understood
 */
export async function openRecipe(nameOrFile: string, paths: RecipePaths = {}): Promise<Pipeline> {
  const shipped = await shippedRecipes()
  const text = shipped.get(nameOrFile) ?? (await readFile(nameOrFile, 'utf8').catch(() => undefined))
  if (text === undefined)
    throw new DataError('not-found', `${nameOrFile}: no such recipe`, {
      hint: `a file, or one of ${[...shipped.keys()].join(', ')}`,
    })
  return parseRecipe(text, nameOrFile, paths)
}
