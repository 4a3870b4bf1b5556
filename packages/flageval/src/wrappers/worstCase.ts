import { FlagError } from '@flag/core-tensor'
import type { SampleRecord } from '../records/record.ts'
import type { Metric } from '../score/metrics.ts'

/**
 * A metric that counts each sample as the worst over it and its variants, which have the same sample names: HELM's
 * robustness and fairness. The worst is the least where higher is better and else the greatest, which HELM leaves undone.
 * Throws `invalid-argument` for a metric that is no mean over samples, and for a variant without a sample.
 */
export function worstCase(
  name: string,
  metric: Metric,
  variants: readonly (readonly SampleRecord[])[],
): Metric {
  const each = metric.each?.bind(metric)
  if (!each)
    throw new FlagError('invalid-argument', `${name} is no mean over samples: it has no worst case of one`)
  const bySample = variants.map((records) => new Map(records.map((record) => [record.sample, record])))
  const worst = metric.higherIsBetter ? Math.min : Math.max
  return {
    ...metric,
    each: (record) => {
      const own = each(record as never)
      if (own === null) return null
      const others = bySample.map((records) => {
        const variant = records.get(record.sample)
        if (variant) return each(variant as never) ?? own
        throw new FlagError('invalid-argument', `a variant lacks the sample ${record.sample}`)
      })
      return worst(own, ...others)
    },
  }
}
