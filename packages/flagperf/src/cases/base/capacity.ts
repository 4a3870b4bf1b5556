import {
  createSession,
  encodeModel,
  Generator,
  Graph,
  type SessionOptions,
  spec,
  Tensor,
  trace,
  type Value,
} from '@flag/core-tensor'
import type { CapacityAttempt } from '../../results/base.ts'

const COLUMNS = 2 ** 20
/** Where growing begins. */
const FIRST_BYTES = 64 * 2 ** 20

/**
 * Makes arrays on the provider, each twice as large as the one before, until one cannot be made or the limit is reached.
 * The last attempt is the one that failed, if any did.
 */
export async function growUntilFull(limitBytes: number, options: SessionOptions): Promise<CapacityAttempt[]> {
  const graph = new Graph()
  const traced = trace(
    (x: Value, shape: Value) => {
      const type = { dtype: 'float32' as const, shape: ['rows', COLUMNS] }
      const [array] = graph.node('Expand', '', [x, shape], {}, [type]).outputs
      // All of it is read, so all of it has to be there.
      const zero = graph.constant(new Tensor('int64', [2], BigInt64Array.of(0n, 1n)))
      return graph.node('ReduceMax', '', [array, zero], { keepdims: 0 }, [{ dtype: 'float32', shape: [] }])
        .outputs[0]
    },
    [spec('float32', [1, COLUMNS]), spec('int64', [2])],
    graph,
  )
  const session = await createSession(encodeModel(traced.graph, traced.outputs), {
    ...options,
    wholly: false,
  })
  const x = new Generator(1).rand([1, COLUMNS])
  const largest = x.data.reduce((a, b) => Math.max(a, b))
  const attempts: CapacityAttempt[] = []
  try {
    for (let bytes = Math.min(FIRST_BYTES, limitBytes); bytes <= limitBytes; bytes *= 2) {
      const rows = Math.floor(bytes / 4 / COLUMNS)
      const shape = new Tensor('int64', [2], BigInt64Array.of(BigInt(rows), BigInt(COLUMNS)))
      const outcome = await session.run({ 'in.0': x, 'in.1': shape }).then(
        ({ out }) =>
          out.item() === largest ? undefined : `the largest element is ${out.item()}, not ${largest}`,
        (error: Error) => error.message.split('\n')[0],
      )
      attempts.push({ bytes, ...(outcome === undefined ? {} : { failure: outcome }) })
      if (outcome !== undefined) break
    }
    return attempts
  } finally {
    await session.dispose()
  }
}
