import { type DType, dtypes, FlagError } from '@flag/core-tensor'
import { z } from 'zod'
import type { TensorType } from './work.ts'

/** What ONNX Runtime's profile says of one node, over all runs. */
export interface ProfiledNode {
  readonly name: string
  readonly operator: string
  /** As the runtime names it: `CPUExecutionProvider`. */
  readonly provider: string
  /** Kernel time of each run, in microseconds, by the clock that `clock` names. */
  readonly microseconds: readonly number[]
  /**
   * `device`: the device's own clock, where the provider tells it (webgpu). Nodes that run no program there (views, and copies,
   * which only wait for other nodes) take no time on it. `host`: that of the thread that ran the kernel.
   */
  readonly clock?: 'device' | 'host'
  /** In the order of the node's inputs; see `completeInputs` for what may be missing. */
  readonly inputs: readonly (TensorType | undefined)[]
  readonly outputs: readonly TensorType[]
}

const typeShape = z.array(z.record(z.string(), z.array(z.number())))
const nodeEvent = z.object({
  cat: z.literal('Node'),
  name: z.string(),
  dur: z.number(),
  args: z.object({
    op_name: z.string(),
    provider: z.string().default(''),
    input_type_shape: typeShape.default([]),
    output_type_shape: typeShape.default([]),
  }),
})

/** Programs that a node ran on a device: `<node>&<operator>&<program>`. */
const deviceEvent = z.object({ cat: z.literal('Api'), name: z.string(), dur: z.number() })

const SUFFIX = '_kernel_time'

/** The runtime's names of element types where they are not ours. */
const renamed: Readonly<Record<string, DType>> = { float: 'float32', double: 'float64' }

/**
 * Reads a profile that ONNX Runtime wrote (`enableProfiling`). Nodes come in the order of their first run. The first
 * `skip` runs of each node, which warm up, are left out. Throws `corrupt-file` for anything else.
 */
export function readProfile(text: string, source: string, skip = 0): ProfiledNode[] {
  let events: unknown
  try {
    events = JSON.parse(text)
  } catch (cause) {
    throw new FlagError(
      'corrupt-file',
      `${source}: not a profile of ONNX Runtime: ${(cause as Error).message}`,
      { cause },
    )
  }
  if (!Array.isArray(events))
    throw new FlagError('corrupt-file', `${source}: not a profile of ONNX Runtime, which is a list of events`)
  const nodes = new Map<string, { event: z.infer<typeof nodeEvent>; microseconds: number[] }>()
  const programs = new Map<string, number[]>()
  for (const event of events) {
    const onDevice = deviceEvent.safeParse(event)
    if (onDevice.success) {
      const [name] = onDevice.data.name.split('&')
      programs.set(name, [...(programs.get(name) ?? []), onDevice.data.dur])
      continue
    }
    const isNode = event?.cat === 'Node' && String(event.name).endsWith(SUFFIX)
    if (!isNode) continue
    const parsed = nodeEvent.safeParse(event)
    if (!parsed.success)
      throw new FlagError(
        'corrupt-file',
        `${source}: event "${event.name}" is not understood: ${z.prettifyError(parsed.error)}`,
      )
    const name = parsed.data.name.slice(0, -SUFFIX.length)
    const known = nodes.get(name) ?? { event: parsed.data, microseconds: [] }
    known.event = parsed.data
    known.microseconds.push(parsed.data.dur)
    nodes.set(name, known)
  }
  const typeOf = (entry: Readonly<Record<string, readonly number[]>>) => tensorType(entry, source)
  const onDevice = new Set(
    [...nodes].flatMap(([name, { event }]) => (programs.has(name) ? [event.args.provider] : [])),
  )
  return [...nodes].map(([name, { event, microseconds }]) => ({
    name,
    operator: event.args.op_name,
    provider: event.args.provider,
    ...(onDevice.has(event.args.provider)
      ? {
          clock: 'device' as const,
          microseconds: deviceTimes(programs.get(name), microseconds.length).slice(skip),
        }
      : { clock: 'host' as const, microseconds: microseconds.slice(skip) }),
    inputs: event.args.input_type_shape.map(typeOf),
    outputs: event.args.output_type_shape.map(typeOf),
  }))
}

/** Time of each run on the device, in which a node runs as many programs as in any other; none without programs. */
function deviceTimes(programs: readonly number[] = [], runs: number): readonly number[] {
  const perRun = Math.max(1, Math.round(programs.length / runs))
  return Array.from({ length: runs }, (_, run) =>
    programs.slice(run * perRun, (run + 1) * perRun).reduce((sum, time) => sum + time, 0),
  )
}

function tensorType(entry: Readonly<Record<string, readonly number[]>>, source: string): TensorType {
  const [[name, shape]] = Object.entries(entry)
  const dtype = renamed[name] ?? (dtypes as readonly string[]).find((each) => each === name)
  if (!dtype) throw new FlagError('unsupported', `${source}: element type "${name}" is not known`)
  return { dtype: dtype as DType, shape }
}
