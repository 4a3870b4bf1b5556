import { type CaseLimits, runSpecs } from '../cases/runCase.ts'
import type { CaseSpec, Outcome } from '../cases/spec.ts'
import { startMonitors } from '../monitors/watch.ts'
import { type BaseNumbers, baseNumbers } from '../results/base.ts'
import { opNumbers } from '../results/op.ts'
import type { Adapter } from './adapter.ts'

/** One thing that an adapter has to do, and whether it does. */
export interface Check {
  readonly name: 'probe' | 'nodes' | 'agreement' | 'monitors' | 'ceilings'
  /** `null`: could not be looked at, since the chip is not here. */
  readonly passed: boolean | null
  readonly detail: string
}

/** What the conformance run of an adapter found. */
export interface AdapterReport {
  readonly adapter: string
  /** What the probe says. */
  readonly usable: boolean
  readonly reason?: string
  /** Nothing that could be looked at failed. */
  readonly sound: boolean
  readonly checks: readonly Check[]
  readonly caveats: readonly string[]
}

/** Operators that every provider for neural networks has, and how far results may be from the CPU's, relative to the largest. */
const operators = {
  MatMul: 1e-3,
  Conv: 1e-3,
  Softmax: 1e-4,
  Relu: 0,
  Add: 1e-6,
  MaxPool: 0,
  LayerNormalization: 1e-3,
}
/** Small enough that all of the result is compared. */
const SIZE = 64
const RUNS = 3

/**
 * Says whether an adapter is sound: its probe tells the truth, nodes really run on its provider, results are the CPU's, its
 * monitors give numbers with units or a reason, and its ceilings can be measured. All work is done in another process, so an
 * adapter that crashes is one that is not sound.
 */
export async function checkAdapter(
  adapter: Adapter,
  limits: CaseLimits = { timeLimitMs: 300_000, memoryLimitBytes: 2 ** 40 },
): Promise<AdapterReport> {
  const probe = await adapter.probe()
  const { provider } = adapter
  const common = { provider, providerOptions: adapter.sessionOptions({}), threads: 1, runs: RUNS }
  const names = Object.keys(operators)
  const ops = names.map(
    (operator): CaseSpec => ({ kind: 'op', from: 'onnx', operator, dtype: 'float32', size: SIZE, ...common }),
  )
  const bases = adapter
    .ceilings('check')
    .map((ceiling): CaseSpec => ({ kind: 'base', ...ceiling, ...common }))
  const outcomes = await runSpecs(probe.usable ? [...ops, ...bases] : ops.slice(0, 1), limits)
  const ran = outcomes.slice(0, names.length)
  const checks = [
    checkProbe(probe, outcomes[0], provider),
    ...(probe.usable
      ? [
          checkNodes(names, ran),
          checkAgreement(names, ran),
          checkCeilings(bases, outcomes.slice(names.length)),
        ]
      : (['nodes', 'agreement', 'ceilings'] as const).map(
          (name): Check => ({ name, passed: null, detail: 'the provider does not work here' }),
        )),
    await checkMonitors(adapter),
  ]
  return {
    adapter: adapter.name,
    usable: probe.usable,
    ...(probe.usable ? {} : { reason: probe.reason }),
    sound: checks.every(({ passed }) => passed !== false),
    checks,
    caveats: adapter.caveats,
  }
}

const messageOf = (outcome: Outcome | undefined) =>
  outcome === undefined ? 'it was not run' : 'failure' in outcome ? outcome.failure : ''

/** A probe is right when what it says is what happens. */
function checkProbe(
  probe: Awaited<ReturnType<Adapter['probe']>>,
  first: Outcome | undefined,
  provider: string,
): Check {
  const worked =
    first !== undefined && 'raw' in first && first.raw.kind === 'op' && !opNumbers(first.raw).fellBack
  if (probe.usable)
    return worked
      ? { name: 'probe', passed: true, detail: 'says that it works, and a product ran on it' }
      : {
          name: 'probe',
          passed: false,
          detail: `says that it works, but a product did not run on it: ${messageOf(first)}`,
        }
  if (worked)
    return { name: 'probe', passed: false, detail: 'says that it does not work, but a product ran on it' }
  return probe.reason.trim() === ''
    ? { name: 'probe', passed: false, detail: 'says that it does not work, but not why' }
    : { name: 'probe', passed: true, detail: `${provider} does not work here: ${probe.reason}` }
}

function checkNodes(names: readonly string[], outcomes: readonly Outcome[]): Check {
  const wrong = names.flatMap((name, i) => {
    const outcome = outcomes[i]
    if (!outcome || 'failure' in outcome || outcome.raw.kind !== 'op')
      return [`${name}: ${messageOf(outcome)}`]
    const { fellBack, providers } = opNumbers(outcome.raw)
    return fellBack ? [`${name} ran on ${providers.join(' and ')}`] : []
  })
  return {
    name: 'nodes',
    passed: wrong.length === 0,
    detail: wrong.length === 0 ? `${names.join(', ')} ran on it` : wrong.join('; '),
  }
}

function checkAgreement(names: readonly string[], outcomes: readonly Outcome[]): Check {
  let worst = 0
  const wrong = names.flatMap((name, i) => {
    const outcome = outcomes[i]
    if (!outcome || 'failure' in outcome || outcome.raw.kind !== 'op')
      return [`${name}: ${messageOf(outcome)}`]
    const { relativeError } = opNumbers(outcome.raw)
    if (relativeError === undefined) return []
    if (relativeError === null) return [`${name} gives numbers that are not finite`]
    worst = Math.max(worst, relativeError)
    const allowed = operators[name as keyof typeof operators]
    return relativeError <= allowed
      ? []
      : [`${name} is off by ${relativeError.toExponential(1)}, more than ${allowed}`]
  })
  const detail =
    wrong.length > 0
      ? wrong.join('; ')
      : `at most ${worst.toExponential(1)} from the CPU, of the largest element`
  return { name: 'agreement', passed: wrong.length === 0, detail }
}

function checkCeilings(specs: readonly CaseSpec[], outcomes: readonly Outcome[]): Check {
  const isRate = ({ best }: BaseNumbers) => best !== null && Number.isFinite(best) && best > 0
  const wrong: string[] = []
  const missing: string[] = []
  let measured = 0
  specs.forEach((spec, i) => {
    if (spec.kind !== 'base') return
    const what = spec.probe === 'gemm' ? `gemm ${spec.dtype ?? 'float32'}` : spec.probe
    const outcome = outcomes[i]
    if (!outcome || 'failure' in outcome || outcome.raw.kind !== 'base')
      missing.push(`${what} (${messageOf(outcome)})`)
    else if (isRate(baseNumbers(outcome.raw))) measured++
    // Of a few runs of almost nothing, one may take longer than what surrounds it.
    else missing.push(`${what} (too small to be told from what surrounds it)`)
  })
  // Without products and without a bandwidth there is no roofline.
  const has = (probe: string) =>
    specs.some((spec, i) => {
      const outcome = outcomes[i]
      return spec.kind === 'base' && spec.probe === probe && outcome !== undefined && 'raw' in outcome
    })
  for (const probe of ['gemm', 'memory']) if (!has(probe)) wrong.push(`${probe} cannot be measured`)
  return {
    name: 'ceilings',
    passed: wrong.length === 0,
    detail: [
      ...wrong,
      `${measured} of ${specs.length} measured`,
      ...(missing.length > 0 ? [`not: ${missing.join('; ')}`] : []),
    ].join('; '),
  }
}

async function checkMonitors(adapter: Adapter): Promise<Check> {
  const undeclared = adapter.monitors.filter(({ columns }) =>
    Object.values(columns).some((unit) => unit === ''),
  )
  const { units, unavailable, read, stop } = await startMonitors(() => process.pid, adapter.monitors)
  const { values } = await read()
  stop()
  const wrong = [
    ...undeclared.map(({ name }) => `${name} has a column without a unit`),
    ...Object.keys(values)
      .filter((column) => !(column in units))
      .map((column) => `${column} has no unit`),
    ...Object.keys(units)
      .filter((column) => !(column in values))
      .map((column) => `${column} was not read`),
    ...Object.entries(values)
      .filter(([, value]) => value !== null && !Number.isFinite(value))
      .map(([column, value]) => `${column} is ${value}`),
    ...Object.entries(unavailable)
      .filter(([, reason]) => reason.trim() === '')
      .map(([name]) => `${name} does not say why it is not available`),
  ]
  const readable = Object.entries(units).map(([column, unit]) => `${column} (${unit})`)
  const detail = [
    ...wrong,
    readable.length === 0 ? 'nothing can be read' : `reads ${readable.join(', ')}`,
    ...Object.entries(unavailable).map(([name, reason]) => `${name}: ${reason}`),
  ].join('; ')
  return { name: 'monitors', passed: wrong.length === 0, detail }
}
