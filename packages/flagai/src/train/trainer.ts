import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type CompiledStep,
  compileStep,
  FlagError,
  isTensor,
  leavesOf,
  type MapTree,
  mapTree,
  openCheckpoint,
  type SessionOptions,
  type Spec,
  type Tensor,
  type Value,
  type ValuesOf,
  writeSafetensors,
} from '@flag/core-tensor'

/** Metrics of one step, as a line of the loss curve. */
export interface StepRecord {
  readonly step: number
  readonly metrics: Readonly<Record<string, number>>
}

/** How far a run is. */
export interface TrainingProgress {
  readonly step: number
  readonly steps: number
  /** Examples per second since the run was started or continued. */
  readonly examplesPerSecond: number
  /** Seconds left at that speed. */
  readonly secondsLeft: number
}

export interface TrainerOptions<S, B extends readonly unknown[]> {
  /** Folder of this run: `state.safetensors` and `losses.jsonl`. A run that was stopped goes on from what lies there. */
  folder: string
  /** Number of steps in all. */
  steps: number
  /** The whole training step: from the state and a batch to the next state and scalar metrics. */
  step: (
    state: MapTree<S, Tensor, Value>,
    ...batch: { [K in keyof B]: ValuesOf<B[K]> }
  ) => readonly [MapTree<S, Tensor, Value>, Readonly<Record<string, Value>>]
  /** State to begin with. */
  initial: S
  /** Types of the batch that `step` takes. */
  batchSpecs: B
  /**
   * The batch of step number `step`. It depends on nothing but that number, so that a continued run sees exactly what
   * an uninterrupted one sees.
   */
  batch: (step: number) => { [K in keyof B]: MapTree<B[K], Spec, Tensor> }
  /** Examples per batch, for the speed in the progress. */
  batchSize: number
  /** Steps between two saved states. Default 250. */
  saveEvery?: number
  onStep?: (record: StepRecord, progress: TrainingProgress) => void
  session?: SessionOptions
}

const STATE = 'state.safetensors'
const LOSSES = 'losses.jsonl'

/**
 * Trains until `steps` steps are done and gives the final state. Stopped at any moment and called again, it continues
 * from the last saved state and ends with the same bits as if it had never been stopped.
 */
export async function train<S, const B extends readonly unknown[]>(
  options: TrainerOptions<S, B>,
): Promise<S> {
  const { folder, steps, batch, batchSize, saveEvery = 250, onStep } = options
  await mkdir(folder, { recursive: true })
  const saved = await loadState(join(folder, STATE), options.initial)
  const first = saved?.step ?? 0
  if (first >= steps) return saved?.state as S
  await keepLosses(join(folder, LOSSES), first)

  const compiled: CompiledStep<S, B, Readonly<Record<string, Value>>> = await compileStep(
    options.step,
    saved?.state ?? options.initial,
    options.batchSpecs,
    options.session,
  )
  try {
    const started = process.hrtime.bigint()
    let lines = ''
    let next = batch(first)
    for (let step = first; step < steps; step++) {
      const running = compiled(...next)
      // The next batch is made on this thread while the step runs on the session's.
      if (step + 1 < steps) next = batch(step + 1)
      const metrics = mapTree(await running, isTensor, (value: Tensor) => value.item()) as Record<
        string,
        number
      >
      const bad = Object.entries(metrics).find(([, value]) => !Number.isFinite(value))
      if (bad) {
        throw new FlagError('runtime', `step ${step}: ${bad[0]} is ${bad[1]}`, {
          hint: `lower the learning rate; the last saved state is in ${folder}`,
        })
      }
      const record = { step, metrics }
      lines += `${JSON.stringify(record)}\n`
      const seconds = Number(process.hrtime.bigint() - started) / 1e9
      const done = step + 1 - first
      onStep?.(record, {
        step: step + 1,
        steps,
        examplesPerSecond: (done * batchSize) / seconds,
        secondsLeft: (seconds / done) * (steps - step - 1),
      })
      if ((step + 1) % saveEvery === 0 || step + 1 === steps) {
        await appendFile(join(folder, LOSSES), lines)
        lines = ''
        await saveState(join(folder, STATE), await compiled.state(), step + 1)
      }
    }
    return await compiled.state()
  } finally {
    await compiled.dispose()
  }
}

async function saveState(path: string, state: unknown, step: number): Promise<void> {
  const tensors = Object.fromEntries(leavesOf(state, isTensor).map(({ path: name, leaf }) => [name, leaf]))
  await writeSafetensors(path, tensors, { step: String(step) })
}

/** The saved state in the form of `initial`, and how many steps it has behind it. */
async function loadState<S>(path: string, initial: S): Promise<{ state: S; step: number } | undefined> {
  const checkpoint = await openCheckpoint(path).catch((error: unknown) => {
    if (error instanceof FlagError && error.code === 'not-found') return undefined
    throw error
  })
  if (!checkpoint) return undefined
  try {
    const tensors = new Map<string, Tensor>()
    for (const { path: name, leaf } of leavesOf(initial, isTensor)) {
      const tensor = await checkpoint.read(name)
      if (tensor.dtype !== leaf.dtype || `${tensor.shape}` !== `${leaf.shape}`) {
        throw new FlagError(
          'shape-mismatch',
          `${path}: "${name}" is ${tensor.dtype}[${tensor.shape}], this run needs ${leaf.dtype}[${leaf.shape}]`,
          { hint: 'the folder belongs to another configuration: remove it or choose another' },
        )
      }
      tensors.set(name, tensor)
    }
    const state = mapTree(initial, isTensor, (_, name) => tensors.get(name)) as S
    return { state, step: Number(checkpoint.metadata?.step ?? 0) }
  } finally {
    await checkpoint.close()
  }
}

/** Cuts from the loss curve what lies after the state from which the run continues. */
async function keepLosses(path: string, steps: number): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const kept = text.split('\n').slice(0, steps).filter(Boolean)
  await writeFile(`${path}.tmp`, kept.map((line) => `${line}\n`).join(''))
  await rename(`${path}.tmp`, path)
}
