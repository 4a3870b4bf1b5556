import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { FlagError } from '@flag/core-tensor'
import type { TrainRaw } from '../results/train.ts'
import type { TrainSpec } from './spec.ts'
import { clusters } from './train/clusters.ts'
import type { TrainTask } from './train/task.ts'

const tasks: Readonly<Record<string, TrainTask>> = { clusters }

/** A task by its name, or the default export of a module by its path. Throws `invalid-argument` for neither. */
async function findTask(nameOrPath: string): Promise<TrainTask> {
  const known = tasks[nameOrPath]
  if (known) return known
  if (!/[./\\]/.test(nameOrPath))
    throw new FlagError('invalid-argument', `no training is called "${nameOrPath}"`, {
      hint: `known: ${Object.keys(tasks).join(', ')}; a module of your own is given by its path`,
    })
  const { default: task } = await import(pathToFileURL(resolve(nameOrPath)).href)
  if (typeof task?.start !== 'function' || !(task.batchSize > 0))
    throw new FlagError(
      'invalid-argument',
      `${nameOrPath}: its default export is not a training (name, batchSize, start)`,
    )
  return task
}

/**
 * Measures a training: time of its steps, and the time until its quality reaches the target, evaluations included. It ends
 * then, or after so many steps. Losses that are not finite are `null`.
 */
export async function measureTrain(spec: TrainSpec): Promise<TrainRaw> {
  const { steps, evaluateEvery, threads, provider, seed } = spec
  const task = await findTask(spec.task)
  const opening = process.hrtime.bigint()
  const run = await task.start({ threads, provider, seed })
  try {
    const begin = process.hrtime.bigint()
    const raw: TrainRaw = {
      kind: 'train',
      task: task.name,
      batchSize: task.batchSize,
      startNs: Number(begin - opening),
      stepNs: [],
      losses: [],
      evaluations: [],
      target: task.target,
    }
    for (let step = 0; step < steps; step++) {
      const start = process.hrtime.bigint()
      const loss = await run.step(step)
      raw.stepNs.push(Number(process.hrtime.bigint() - start))
      raw.losses.push(Number.isFinite(loss) ? loss : null)
      if (!run.evaluate || (step + 1) % evaluateEvery !== 0) continue
      const quality = await run.evaluate()
      raw.evaluations.push({ step: step + 1, atNs: Number(process.hrtime.bigint() - begin), quality })
      const { target } = task
      if (target && (target.higherIsBetter ? quality >= target.value : quality <= target.value)) break
    }
    return raw
  } finally {
    await run.dispose()
  }
}
