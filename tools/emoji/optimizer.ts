import { cosineSchedule, muon, type Optimizer } from '@flag/core-tensor'

/** Every stage's optimiser: Muon for the matrices of the layers, AdamW for the rest; warm-up, then half a cosine wave. */
export const stageOptimizer = (stage: {
  readonly steps: number
  readonly rate: number
  readonly decay: number
  readonly warmup: number
}): Optimizer =>
  muon({
    orthogonal: (name) => /layers?\.\d+\..*weight$/.test(name),
    learningRate: cosineSchedule({
      peak: stage.rate,
      warmup: stage.warmup,
      total: stage.steps,
      floor: stage.rate / 50,
    }),
    weightDecay: stage.decay,
    beta2: 0.98,
    decays: (name, shape) => shape.length > 1 && !name.includes('embedding'),
  })
