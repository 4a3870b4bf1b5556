import { Generator } from '@flag/core-tensor'
import { agreementOf } from './agreement.ts'
import { type ComparisonNumbers, comparisonNumbers } from './judge.ts'
import { measureBlock } from './measure.ts'
import { comparisonPlans } from './plans.ts'
import { type ComparisonPlan, type ComparisonRaw, checkPlan } from './schema.ts'
import { type ModelSubject, type PreparedSubject, prepareSubject, type Subject } from './subject.ts'
import { SubjectProcess } from './subjectProcess.ts'

export interface CompareOptions {
  /** Default: the plan of the tier `normal`; what is not named is taken from there. */
  readonly plan?: Partial<ComparisonPlan>
  /** Whether outputs are compared too. Default: true. */
  readonly outputs?: boolean
  /** Milliseconds after which a process that does not answer is stopped. Default: ten minutes. */
  readonly timeLimitMs?: number
  /** Is told after each block how many there are. */
  onBlock?(done: number, most: number): void
}

export interface Comparison {
  readonly raw: ComparisonRaw
  readonly numbers: ComparisonNumbers
}

const TEN_MINUTES = 600_000

/**
 * Whether `b` is faster or slower than `a`, or whether no difference can be shown. Both run in processes of their own
 * that take turns; the verdict is given only beyond what the same machine, in the same minutes, makes two processes
 * of the same subject differ by. See docs/decisions/comparison.md.
 *
 * Throws `not-found` for files that are not there, `invalid-argument` for a plan that cannot be followed, and `runtime`
 * or `timeout` when a subject fails.
 *
 * @example
 * const { numbers } = await compareSubjects({ kind: 'model', model: 'a.onnx' }, { kind: 'model', model: 'b.onnx' })
 */
export async function compareSubjects(
  a: Subject,
  b: Subject,
  options: CompareOptions = {},
): Promise<Comparison> {
  const { outputs = true, timeLimitMs = TEN_MINUTES } = options
  const plan = checkPlan({ ...comparisonPlans.normal, ...options.plan })
  const prepared = { a: await prepareSubject(a), b: await prepareSubject(b) }
  const agreement = outputs ? await agreementsOf(a, b, prepared, timeLimitMs) : { a: [], b: [], between: [] }
  const random = new Generator(plan.seed)
  const most = plan.looks[plan.looks.length - 1]
  const raw: ComparisonRaw = {
    kind: 'comparison',
    plan,
    a: prepared.a.description,
    b: prepared.b.description,
    singleThreaded: prepared.a.singleThreaded && prepared.b.singleThreaded,
    blocks: [],
    agreement,
  }
  for (;;) {
    raw.blocks.push(await measureBlock(prepared, plan, random, timeLimitMs))
    options.onBlock?.(raw.blocks.length, most)
    if (!plan.looks.includes(raw.blocks.length)) continue
    const numbers = comparisonNumbers(raw)
    if (numbers.finished) return { raw, numbers }
  }
}

async function agreementsOf(
  a: Subject,
  b: Subject,
  prepared: Readonly<Record<'a' | 'b', PreparedSubject>>,
  timeLimitMs: number,
): Promise<ComparisonRaw['agreement']> {
  const outputsOf = async (subject: PreparedSubject) => {
    const process = new SubjectProcess(subject, timeLimitMs)
    try {
      await process.call('open', subject.open)
      return await process.call('outputs', {})
    } finally {
      process.stop()
    }
  }
  const beside = async (subject: Subject, outputs: Awaited<ReturnType<typeof outputsOf>>) =>
    subject.kind === 'model'
      ? agreementOf(outputs, await outputsOf(await prepareSubject(referenceOf(subject))))
      : []
  const [first, second] = [await outputsOf(prepared.a), await outputsOf(prepared.b)]
  return {
    a: await beside(a, first),
    b: await beside(b, second),
    between: agreementOf(second, first),
  }
}

/** The same model as it is written, on the CPU, with this package's runtime. */
const referenceOf = ({ model, sizes, fill }: ModelSubject): ModelSubject => ({
  kind: 'model',
  model,
  sizes,
  fill,
  optimization: 'disabled',
})
