import { FlagError } from '@flag/core-tensor'
import { parseDocument } from 'yaml'
import { pythonAssignments } from './pythonConfig.ts'

interface Named {
  /** The key in CASES, as it is written there. */
  readonly key: string
  /** The value in CASES: an image of a container, or a folder of data. */
  readonly value: string
}

/** A case of FlagPerf, by the fields of its key: each of its four parts has others. */
export type FlagperfCase = Named &
  (
    | { readonly part: 'base'; readonly item: string; readonly chip?: string }
    | {
        readonly part: 'operation'
        readonly operator: string
        readonly dataFormat: string
        /** What the chip is said to reach, in TFLOPS; older keys do not say. */
        readonly specTflops?: number
        readonly library: string
        readonly chip: string
      }
    | { readonly part: 'inference'; readonly model: string; readonly framework: string }
    | {
        readonly part: 'training'
        readonly model: string
        readonly framework: string
        readonly hardware: string
        readonly nodes: number
        readonly processes: number
        readonly repeat: number
      }
  )

/** A configuration of FlagPerf: of `base`, `operation` or `inference` (host.yaml), or of `training` (test_conf.py). */
export interface FlagperfConfig {
  readonly vendor: string
  readonly cases: readonly FlagperfCase[]
}

/** What `inference/configs/<case>/configurations.yaml` says, as far as it matters here. */
export interface InferenceConfig {
  readonly batchSize?: number
  readonly fp16?: boolean
  /** Of one item. FlagPerf writes multiply-accumulates for some models and operations for others. */
  readonly statedFlops?: number
  readonly compiler?: string
}

const broken = (source: string, what: string, hint?: string) =>
  new FlagError('corrupt-file', `${source}: ${what}`, { hint })

/** Reads a configuration, from YAML, or from Python if the name ends so. Throws `corrupt-file`. */
export function readFlagperfConfig(text: string, source: string): FlagperfConfig {
  const values: Readonly<Record<string, unknown>> = source.endsWith('.py')
    ? pythonAssignments(text, source)
    : mapping(text, source)
  const { VENDOR: vendor, CASES: cases } = values
  if (cases === undefined || cases === null)
    throw broken(
      source,
      'it has no CASES',
      'expected host.yaml or test_conf.py of FlagPerf, with a case in it',
    )
  if (typeof cases !== 'object' || Array.isArray(cases))
    throw broken(source, 'CASES is no table of keys and values')
  const rows = Object.entries(cases)
  if (rows.length === 0) throw broken(source, 'CASES is empty', 'all of its lines may be comments')
  return {
    vendor: typeof vendor === 'string' ? vendor : '',
    cases: rows.map(([key, value]) => caseOf(key, String(value ?? ''), source)),
  }
}

/** Reads the configuration of an inference case. Throws `corrupt-file`. */
export function readInferenceConfig(text: string, source: string): InferenceConfig {
  const { batch_size: batch, fp16, flops, compiler } = mapping(text, source)
  return {
    ...(typeof batch === 'number' ? { batchSize: batch } : {}),
    ...(typeof fp16 === 'boolean' ? { fp16 } : {}),
    ...(flops === undefined ? {} : { statedFlops: productOf(String(flops), source) }),
    ...(typeof compiler === 'string' ? { compiler } : {}),
  }
}

function mapping(text: string, source: string): Record<string, unknown> {
  const document = parseDocument(text)
  const [error] = document.errors
  if (error) throw broken(source, `not YAML: ${error.message.split('\n')[0]}`)
  const value: unknown = document.toJS()
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw broken(source, 'expected a table of keys and values')
  return value as Record<string, unknown>
}

/** `2*512*0.33e9`, which FlagPerf evaluates as Python. */
function productOf(text: string, source: string): number {
  const factors = text.split('*').map((factor) => Number(factor.trim() || Number.NaN))
  if (factors.some((factor) => !(factor > 0 && Number.isFinite(factor))))
    throw broken(source, `flops is "${text}", expected numbers joined by *`)
  return factors.reduce((product, factor) => product * factor, 1)
}

const baseItem = /^(computation|main_memory|interconnect)-/

/** The fields of a key tell the part: base items have names of their own, the others two, four or five, and six fields. */
function caseOf(key: string, value: string, source: string): FlagperfCase {
  const fields = key.split(':').map((field) => field.trim())
  const [first, second, third, fourth, fifth] = fields
  const named = { key, value }
  if (baseItem.test(first) && fields.length <= 2)
    return { ...named, part: 'base', item: first, ...(second === undefined ? {} : { chip: second }) }
  switch (fields.length) {
    case 2:
      return { ...named, part: 'inference', model: first, framework: second }
    case 4:
      return {
        ...named,
        part: 'operation',
        operator: first,
        dataFormat: second,
        library: third,
        chip: fourth,
      }
    case 5:
      return {
        ...named,
        part: 'operation',
        operator: first,
        dataFormat: second,
        specTflops: numberIn(third, key, source),
        library: fourth,
        chip: fifth,
      }
    case 6: {
      const [nodes, processes, repeat] = fields.slice(3).map((field) => numberIn(field, key, source))
      return {
        ...named,
        part: 'training',
        model: first,
        framework: second,
        hardware: third,
        nodes,
        processes,
        repeat,
      }
    }
    default:
      throw broken(source, `case "${key}" has ${fields.length} fields`, KEYS)
  }
}

const KEYS =
  'expected item[:chip], operator:format[:tflops]:library:chip, model:framework, or model:framework:hardware:nodes:processes:repeat'

function numberIn(field: string, key: string, source: string): number {
  const value = Number(field)
  if (field !== '' && value >= 0 && Number.isFinite(value)) return value
  throw broken(source, `case "${key}": "${field}" is no number`, KEYS)
}
