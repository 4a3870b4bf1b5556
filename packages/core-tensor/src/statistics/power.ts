import { FlagError } from '../errors.ts'
import { bisect, normalCdf, normalQuantile } from './special.ts'

export interface PowerOptions {
  /** Two-sided significance level. Default 0.05. */
  alpha?: number
  /** Chance that a difference of the returned size is found. Default 0.8. */
  power?: number
}

function quantiles(samples: number, { alpha = 0.05, power = 0.8 }: PowerOptions): [number, number] {
  if (!(samples >= 1)) throw new FlagError('invalid-argument', `${samples} samples: expected at least 1`)
  if (!(alpha > 0 && alpha < power && power < 1)) {
    throw new FlagError('invalid-argument', `alpha ${alpha}, power ${power}: expected 0 < alpha < power < 1`)
  }
  return [normalQuantile(1 - alpha / 2), normalQuantile(power)]
}

/**
 * The smallest mean (of paired differences, say) that a two-sided z-test of `samples` values of this standard
 * deviation finds with the stated power. Throws `invalid-argument`.
 */
export function detectableMean(
  samples: number,
  standardDeviation: number,
  options: PowerOptions = {},
): number {
  const [significance, power] = quantiles(samples, options)
  return ((significance + power) * standardDeviation) / Math.sqrt(samples)
}

/**
 * The smallest difference of accuracy between two models on the same `samples` that McNemar's test finds with the
 * stated power, when they disagree (one right, one wrong) on the share `discordant` of the samples (Connor 1987). Null
 * when not even disagreements that all go one way would be found. Throws `invalid-argument`.
 */
export function detectablePairedDifference(
  samples: number,
  discordant: number,
  options: PowerOptions = {},
): number | null {
  const [significance, power] = quantiles(samples, options)
  const found = (difference: number) => {
    const spread = Math.sqrt(Math.max(0, discordant - difference ** 2))
    return difference * Math.sqrt(samples) - significance * Math.sqrt(discordant) >= power * spread
  }
  if (discordant <= 0 || !found(discordant)) return null
  return bisect((difference) => !found(difference), 0, discordant)
}

/**
 * The smallest rise over a proportion that a two-sided z-test of two independent groups of `samples` each finds with
 * the stated power. Null when not even a rise to 1 would be found. Throws `invalid-argument`.
 */
export function detectableUnpairedDifference(
  samples: number,
  proportion: number,
  options: PowerOptions = {},
): number | null {
  const [significance] = quantiles(samples, options)
  const wanted = options.power ?? 0.8
  const found = (difference: number) => {
    const other = proportion + difference
    const pooled = (proportion + other) / 2
    const under = Math.sqrt((2 * pooled * (1 - pooled)) / samples)
    const actual = Math.sqrt((proportion * (1 - proportion) + other * (1 - other)) / samples)
    return normalCdf((difference - significance * under) / actual) >= wanted
  }
  const most = 1 - proportion
  if (most <= 0 || !found(most)) return null
  return bisect((difference) => !found(difference), 0, most)
}
