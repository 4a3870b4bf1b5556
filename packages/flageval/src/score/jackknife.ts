import type { Interval } from '@flag/core-tensor/statistics'

const GROUPS = 10
/** The 97.5 % point of Student's t with `GROUPS` − 1 degrees of freedom. */
const T = 2.262157

/**
 * A 95 % interval of a statistic by leaving out one group of clusters after the other (the delete-group jackknife), for
 * statistics that repeated samples bias, as they do distances of distributions: a bootstrap repeats samples.
 *
 * @param statistic of the samples at some places
 * @param clusters for each sample the cluster that it is of
 */
export function jackknife(
  statistic: (places: Int32Array) => number,
  clusters: readonly string[],
): Interval & { readonly estimate: number } {
  const order = new Map([...new Set(clusters)].map((cluster, i) => [cluster, i % GROUPS]))
  const all = Int32Array.from(clusters, (_, i) => i)
  const estimate = statistic(all)
  const groups = Math.min(GROUPS, order.size)
  const without = Array.from({ length: groups }, (_, group) =>
    statistic(all.filter((i) => order.get(clusters[i]) !== group)),
  )
  const mean = without.reduce((sum, x) => sum + x, 0) / groups
  const variance = ((groups - 1) / groups) * without.reduce((sum, x) => sum + (x - mean) ** 2, 0)
  const half = T * Math.sqrt(variance)
  return { estimate, low: estimate - half, high: estimate + half }
}
