import { createSession, FlagError, type SessionOptions, type Tensor } from '@flag/core-tensor'
import { profileModel } from '../attribution/run.ts'
import type { OpRaw } from '../results/op.ts'
import { profileToJson } from '../results/profile.ts'
import { type Example, modelOf, type OperatorModel } from './op/example.ts'
import { flagperfExamples } from './op/flagperf.ts'
import { nodeModel } from './op/modelNodes.ts'
import { onnxExamples } from './op/onnx.ts'
import { agreementWithCpu } from './reference.ts'
import type { OpSpec } from './spec.ts'

/** Operators by name: those of ONNX, and FlagPerf's. */
export const operatorSets: Readonly<Record<'onnx' | 'flagperf', Readonly<Record<string, Example>>>> = {
  onnx: onnxExamples,
  flagperf: flagperfExamples,
}

/**
 * Measures one operator: the first call, which nothing has warmed up, later calls, and what the kernels took of them. Which
 * provider ran it is measured, not assumed. Throws `invalid-argument` for an operator that is not known, `runtime` where
 * the runtime has no kernel for it.
 */
export async function measureOp(spec: OpSpec): Promise<OpRaw> {
  const { provider, providerOptions, threads, runs } = spec
  const model = await operatorModel(spec)
  const options: SessionOptions = {
    providers: [provider],
    providerOptions,
    threads,
    isolation: 'inline',
    optimization: 'disabled',
  }
  const opening = process.hrtime.bigint()
  const session = await createSession(model.bytes, options)
  const opened = process.hrtime.bigint()
  let outputs: Readonly<Record<string, Tensor>> = {}
  const timesNs: number[] = []
  let firstRunNs = 0
  try {
    for (let run = 0; run <= runs; run++) {
      const start = process.hrtime.bigint()
      outputs = await session.run(model.feeds)
      const time = Number(process.hrtime.bigint() - start)
      if (run === 0) firstRunNs = time
      else timesNs.push(time)
    }
  } finally {
    await session.dispose()
  }
  const profiled = await profileModel(model.bytes, model.feeds, {
    provider,
    providerOptions,
    threads,
    optimization: 'disabled',
    runs,
  })
  // Nodes have other names where the runtime has put several in the place of the operator; copies are not its work.
  const own = profileToJson(profiled).filter(
    ({ name, operator }) =>
      !model.helpers.has(name) && !name.startsWith('output_') && !operator.startsWith('Memcpy'),
  )
  const agreement =
    provider === 'cpu'
      ? undefined
      : await agreementWithCpu(model.bytes, model.feeds, outputs, { threads, isolation: 'inline' })
  return {
    kind: 'op',
    provider,
    openNs: Number(opened - opening),
    firstRunNs,
    timesNs,
    profile: own,
    agreement,
  }
}

async function operatorModel({ from, operator, dtype, size }: OpSpec): Promise<OperatorModel> {
  if (typeof from === 'object') return nodeModel(from, operator)
  const example = operatorSets[from][operator]
  if (!example)
    throw new FlagError('invalid-argument', `operator "${operator}" is not known`, {
      hint: 'flagperf op --list names them',
    })
  return modelOf(operator, example, dtype, size)
}
