import {
  type CompiledFunction,
  compile,
  ops,
  type Spec,
  spec,
  type Tensor,
  tensor,
  type Value,
} from '@flag/core-tensor'
import { type Interval, wilsonInterval } from '@flag/core-tensor/statistics'

// Compiles and runs, once in a worker thread and once in a child process: both start a file that lies beside the bundle.
const matrix: Tensor<'float32'> = tensor([
  [1, 2],
  [3, 4],
])

for (const isolation of ['worker', 'process'] as const) {
  const square: CompiledFunction<readonly [Spec], Value> = await compile(
    (x) => ops.matmul(x, x),
    [spec('float32', ['n', 'n'])],
    { isolation, threads: 1 },
  )
  const { shape, data } = await square(matrix)
  if (`${shape}: ${data}` !== '2,2: 7,10,15,22') throw new Error(`[[1, 2], [3, 4]]² = ${data} (${shape})`)
  await square.dispose()
  console.log(`@flag/core-tensor answers from a ${isolation}`)
}

const { low, high }: Interval = wilsonInterval(29, 400)
if (`${low.toFixed(3)} ${high.toFixed(3)}` !== '0.051 0.102') throw new Error(`29 of 400: ${low} to ${high}`)
console.log('@flag/core-tensor/statistics gives an interval')
