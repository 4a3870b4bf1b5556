// The process of one case: takes its spec, sends what was measured, and ends.
import { watchNoise } from '../results/environment.ts'
import type { BatchSpec, CaseReply, CaseSpec, Outcome } from './spec.ts'

/** How often the parent hears how much memory is used. */
const MEMORY_INTERVAL_MS = 100

const send = (reply: CaseReply) =>
  new Promise<void>((sent) => {
    process.send?.(reply, () => sent())
  })

/** Loads what the case needs inside it, so that a runtime that cannot be loaded is a result of the case too. */
async function measure(spec: CaseSpec) {
  switch (spec.kind) {
    case 'model':
      return (await import('./model.ts')).measureModel(spec)
    case 'base':
      return (await import('./base.ts')).measureBase(spec)
    case 'op':
      return (await import('./op.ts')).measureOp(spec)
    case 'cold':
      return (await import('./cold.ts')).measureCold(spec)
    case 'soak':
      return (await import('./soak.ts')).measureSoak(spec)
    case 'energy':
      return (await import('./energy.ts')).measureEnergy(spec)
    case 'train':
      return (await import('./train.ts')).measureTrain(spec)
    case 'generate':
      return (await import('./generate.ts')).measureGenerate(spec)
    case 'fault':
      return (await import('./fault.ts')).commitFault(spec)
  }
}

/** Each outcome is sent when it is known: a crash loses only what comes after. */
async function measureAll({ specs }: BatchSpec): Promise<void> {
  for (const spec of specs) {
    const outcome = await measure(spec).then(
      (raw): Outcome => ({ raw }),
      (error: Error): Outcome => ({ failure: error.message.split('\n')[0] }),
    )
    await send({ type: 'outcome', outcome })
  }
  await send({ type: 'done' })
}

process.once('message', async (spec: CaseSpec | BatchSpec) => {
  const noise = watchNoise()
  const timer = setInterval(
    () => void send({ type: 'memory', bytes: process.memoryUsage.rss() }),
    MEMORY_INTERVAL_MS,
  )
  timer.unref()
  try {
    if (spec.kind === 'batch') await measureAll(spec)
    else {
      const raw = await measure(spec)
      await send({ type: 'result', noise: noise(), raw })
    }
  } catch (error) {
    const { message, stack } = error as Error
    await send({ type: 'error', message, stack })
  }
  process.exit(0)
})
process.once('disconnect', () => process.exit(1))
