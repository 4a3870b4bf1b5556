import { basename } from 'node:path'
import { type ExecutionProvider, executionProviders, FlagError } from '@flag/core-tensor'
import { LiveLine, type Terminal } from '@flag/core-tensor/terminal'
import type { Tier } from '../cases/tiers.ts'
import { compareSubjects } from '../compare/compare.ts'
import { comparisonPlans } from '../compare/plans.ts'
import { type FileAtRevision, fileAtRevision } from '../compare/revisions.ts'
import type { ComparisonPlan } from '../compare/schema.ts'
import type { ModelSubject, Subject } from '../compare/subject.ts'
import { derive } from '../results/derive.ts'
import type { CaseRow } from '../results/schema.ts'
import { writeResult } from './measure.ts'

export interface CompareCommandOptions {
  readonly provider: ExecutionProvider
  readonly threads: number
  readonly tier: Tier
  readonly a: Readonly<Record<string, string>>
  readonly b: Readonly<Record<string, string>>
  readonly size: Readonly<Record<string, number>>
  readonly fill: Readonly<Record<string, number>>
  readonly clock?: ComparisonPlan['clock']
  /** Per cent. */
  readonly threshold?: number
  readonly seed?: number
  readonly timeLimit?: number
  readonly outputs: boolean
  readonly failIf?: 'slower' | 'faster' | 'different'
  readonly output?: string
  readonly json?: boolean
}

const truth = (name: string, text: string): boolean => {
  if (text === 'true' || text === 'false') return text === 'true'
  throw new FlagError('invalid-argument', `${name}=${text}: expected true or false`)
}

const oneOf = <T extends string>(name: string, text: string, allowed: readonly T[]): T => {
  const found = allowed.find((each) => each === text)
  if (found !== undefined) return found
  throw new FlagError('invalid-argument', `${name}=${text}: expected ${allowed.join(', ')}`)
}

/** How each option of one side is read. */
const readers: Readonly<Record<string, (text: string) => Partial<ModelSubject>>> = {
  provider: (text) => ({ provider: oneOf('provider', text, executionProviders) }),
  threads(text) {
    const threads = Number(text)
    if (!Number.isSafeInteger(threads) || threads < 1)
      throw new FlagError('invalid-argument', `threads=${text}: expected a whole number from 1`)
    return { threads }
  },
  optimization: (text) => ({
    optimization: oneOf('optimization', text, ['disabled', 'basic', 'extended', 'all'] as const),
  }),
  packWeights: (text) => ({ packWeights: truth('packWeights', text) }),
  spinning: (text) => ({ spinning: truth('spinning', text) }),
  runtime: (text) => ({ runtime: text }),
}

function ownOptions(side: Readonly<Record<string, string>>): Partial<ModelSubject> {
  const own = Object.entries(side).map(([name, text]) => {
    const read = readers[name]
    if (!read)
      throw new FlagError('invalid-argument', `there is no option "${name}"`, {
        hint: `the options of one side are ${Object.keys(readers).join(', ')}`,
      })
    return read(text)
  })
  return Object.assign({}, ...own)
}

/** `path` or `path@revision`. An @ before the last folder is part of the path. */
function splitRevision(text: string): [path: string, revision: string | undefined] {
  const [, path, revision] = /^(.*\.(?:onnx|ort|[cm]?[jt]s))@(.+)$/.exec(text) ?? []
  return path === undefined ? [text, undefined] : [path, revision]
}

/** `flagperf compare`: whether it could be measured, and the verdict is not the one that `--fail-if` names. */
export async function compare(
  terminal: Terminal,
  first: string,
  second: string | undefined,
  options: CompareCommandOptions,
): Promise<boolean> {
  const revisions: FileAtRevision[] = []
  const subjectOf = async (text: string, own: Readonly<Record<string, string>>): Promise<Subject> => {
    const [path, revision] = splitRevision(text)
    const at = revision === undefined ? undefined : await fileAtRevision(path, revision)
    if (at) revisions.push(at)
    const file = at?.file ?? path
    if (/\.[cm]?[jt]s$/.test(path)) {
      if (Object.keys(own).length > 0)
        throw new FlagError('invalid-argument', `${path} is a module, which takes no options`)
      return { kind: 'module', module: file, folder: at?.folder }
    }
    const { provider, threads, size: sizes, fill } = options
    return { kind: 'model', model: file, provider, threads, sizes, fill, ...ownOptions(own) }
  }
  const other = second ?? first
  const name =
    other === first ? `${basename(first)} beside itself` : `${basename(first)} and ${basename(other)}`
  let row: CaseRow
  try {
    const [a, b] = [await subjectOf(first, options.a), await subjectOf(other, options.b)]
    row = await measuredRow(terminal, name, a, b, options)
  } finally {
    for (const each of revisions) await each.remove()
  }
  await writeResult(terminal, [row], options)
  if (row.status !== 'ok') return false
  const verdict = row.derived?.verdict
  if (options.failIf === 'different') return verdict === 'no difference found'
  return options.failIf === undefined || verdict !== options.failIf
}

async function measuredRow(
  terminal: Terminal,
  name: string,
  a: Subject,
  b: Subject,
  options: CompareCommandOptions,
): Promise<CaseRow> {
  const base = comparisonPlans[options.tier]
  const plan: ComparisonPlan = {
    ...base,
    clock: options.clock ?? base.clock,
    threshold: options.threshold === undefined ? base.threshold : options.threshold / 100,
    seed: options.seed ?? base.seed,
  }
  const asked = { a: { ...a }, b: { ...b } }
  const progress = new LiveLine(terminal)
  try {
    const { raw } = await compareSubjects(a, b, {
      plan,
      outputs: options.outputs,
      timeLimitMs: options.timeLimit === undefined ? undefined : options.timeLimit * 1000,
      onBlock: (done, most) => progress.show(() => `${name}: block ${done} of at most ${most}`),
    })
    return { name, status: 'ok', options: asked, raw, derived: derive(raw) }
  } catch (error) {
    // What is asked for wrongly is an error; what fails while it is measured is a result.
    if (!(error instanceof FlagError) || !['runtime', 'timeout'].includes(error.code)) throw error
    const status =
      error.code === 'timeout' ? 'timed-out' : /its process ended/.test(error.message) ? 'crashed' : 'failed'
    return { name, status, message: error.message, options: asked }
  } finally {
    progress.end()
  }
}
