import type { Adapter, Extent } from '../adapters/adapter.ts'
import { flagperfExamples } from '../cases/op/flagperf.ts'
import type { BaseSpec, CaseSpec } from '../cases/spec.ts'
import type { BaseDType } from '../results/base.ts'
import type { FlagperfCase, InferenceConfig } from './config.ts'

/** A case of FlagPerf as one of ours, or why there is none. */
export type Planned =
  | { readonly asked: FlagperfCase; readonly spec: CaseSpec }
  | { readonly asked: FlagperfCase; readonly reason: string }

export interface PlanOptions {
  readonly adapter: Adapter
  readonly extent: Extent
  readonly threads: number
  readonly runs: number
  /** Rows of the largest argument of an operator. */
  readonly operatorSize: number
  readonly providerOptions: Readonly<Record<string, unknown>>
  /** Files of the models by FlagPerf's names: .onnx for inference, a module with a `TrainTask` for training. */
  readonly models: Readonly<Record<string, string>>
  /** Of the inference cases, by their names. */
  readonly configs: Readonly<Record<string, InferenceConfig>>
  /** Gives a spec of a model under load, with the batch on its first open axis. */
  loadOf(file: string, batch: number): Promise<CaseSpec>
}

/** FlagPerf's names of element types. */
const dataFormats: Readonly<Record<string, string>> = {
  FP64: 'float64',
  FP32: 'float32',
  FP16: 'float16',
  BF16: 'bfloat16',
  INT64: 'int64',
  INT32: 'int32',
  INT16: 'int16',
  INT8: 'int8',
  UINT8: 'uint8',
  BOOL: 'bool',
}

/** What an item of FlagPerf's `base` measures, in our terms. Those between chips need more than one. */
const baseItems: Readonly<Record<string, Pick<BaseSpec, 'probe' | 'dtype'>>> = {
  'computation-FP32': { probe: 'gemm', dtype: 'float32' },
  'computation-FP16': { probe: 'gemm', dtype: 'float16' },
  'computation-INT8': { probe: 'gemm', dtype: 'int8' },
  'main_memory-bandwidth': { probe: 'memory' },
  'main_memory-capacity': { probe: 'capacity' },
  'interconnect-h2d': { probe: 'transfer-in' },
}

/** Plans the cases of a configuration in their order. */
export async function planCases(
  cases: readonly FlagperfCase[],
  options: PlanOptions,
): Promise<readonly Planned[]> {
  const planned: Planned[] = []
  for (const asked of cases) {
    const found = await specOf(asked, options)
    planned.push(typeof found === 'string' ? { asked, reason: found } : { asked, spec: found })
  }
  return planned
}

async function specOf(asked: FlagperfCase, options: PlanOptions): Promise<CaseSpec | string> {
  const { adapter, threads, runs, providerOptions, models } = options
  const { provider } = adapter
  const where = { provider, providerOptions, threads }
  switch (asked.part) {
    case 'base': {
      const item = baseItems[asked.item]
      if (item === undefined) return baseReason(asked.item)
      const { probe, dtype } = item
      // The largest: FlagPerf's products have 4096 rows, its arrays 4 GB.
      const sizes = adapter
        .ceilings(options.extent)
        .filter((ceiling) => ceiling.probe === probe && (ceiling.dtype ?? 'float32') === (dtype ?? 'float32'))
        .map(({ size }) => size)
      if (sizes.length === 0)
        return `adapter ${adapter.name} has no ${dtype ?? ''} ${probe}`.replace('  ', ' ')
      return { kind: 'base', probe, ...(dtype ? { dtype } : {}), size: Math.max(...sizes), runs, ...where }
    }
    case 'operation': {
      const example = flagperfExamples[asked.operator]
      if (!example)
        return `operator "${asked.operator}" is none of FlagPerf's (flagperf op --set flagperf --list)`
      const dtype = example.dtypes.find((each) => each === dataFormats[asked.dataFormat])
      if (!dtype)
        return `${asked.operator} is not measured in ${asked.dataFormat}, only in ${example.dtypes.join(', ')}`
      const { operator } = asked
      return { kind: 'op', from: 'flagperf', operator, dtype, size: options.operatorSize, runs, ...where }
    }
    case 'inference': {
      const file = models[asked.model]
      if (file === undefined) return `no file is given for it: --model ${asked.model}=<file>.onnx`
      return options.loadOf(file, options.configs[asked.model]?.batchSize ?? 1)
    }
    case 'training': {
      const task = models[asked.model]
      if (task === undefined)
        return `no task is given for it: --model ${asked.model}=<module with a TrainTask>`
      if (asked.nodes * asked.processes > 1)
        return `${asked.nodes} nodes of ${asked.processes} processes are asked for; one process is measured`
      return { kind: 'train', task, steps: 1000, evaluateEvery: 20, seed: 0, provider, threads }
    }
  }
}

function baseReason(item: string): string {
  if (item.startsWith('interconnect-'))
    return 'it is between several chips or servers, and one chip is measured'
  const known: readonly BaseDType[] = ['float32', 'float16', 'int8', 'int4']
  if (item.startsWith('computation-')) return `products are measured in ${known.join(', ')}`
  return `"${item}" is none of FlagPerf's base items`
}
