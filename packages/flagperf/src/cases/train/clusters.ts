import {
  adamW,
  compile,
  compileStep,
  descent,
  Generator,
  initialState,
  ops,
  spec,
  Tensor,
  type Tensors,
  type Value,
  type Values,
} from '@flag/core-tensor'
import type { TrainTask } from './task.ts'

const CLASSES = 10
const WIDTH = 64
const HIDDEN = 256
const BATCH = 128
const TEST = 1024

/** Points around ten centres: hard enough that a network needs some hundred steps, easy enough that every machine gets there. */
function pointsOf(centres: Tensor<'float32'>, count: number, seed: number) {
  const random = new Generator(seed)
  const x = random.randn([count, WIDTH])
  const labels = new BigInt64Array(count)
  for (let i = 0; i < count; i++) {
    const label = random.uint32() % CLASSES
    labels[i] = BigInt(label)
    for (let j = 0; j < WIDTH; j++) x.data[i * WIDTH + j] += 0.5 * centres.data[label * WIDTH + j]
  }
  return { x, labels: new Tensor('int64', [count], labels) }
}

const network = (params: Values, x: Value) =>
  ops.linear(
    ops.relu(ops.linear(x, params['hidden.weight'], params['hidden.bias'])),
    params['out.weight'],
    params['out.bias'],
  )

function initial(seed: number): Tensors {
  const random = new Generator(seed)
  const layer = (rows: number, columns: number) => {
    const weight = random.randn([rows, columns])
    const scale = Math.sqrt(2 / columns)
    return new Tensor(
      'float32',
      weight.shape,
      weight.data.map((value) => value * scale),
    )
  }
  const zero = (size: number) => new Tensor('float32', [size], new Float32Array(size))
  return {
    'hidden.weight': layer(HIDDEN, WIDTH),
    'hidden.bias': zero(HIDDEN),
    'out.weight': layer(CLASSES, HIDDEN),
    'out.bias': zero(CLASSES),
  }
}

/** A small network that tells ten clouds of points apart: what a training step costs here, without any data. */
export const clusters: TrainTask = {
  name: 'clusters',
  batchSize: BATCH,
  target: { metric: 'accuracy', value: 0.95, higherIsBetter: true },
  async start({ threads, provider, seed }) {
    const centres = new Generator(1).randn([CLASSES, WIDTH])
    const test = pointsOf(centres, TEST, 2)
    const optimizer = adamW({ learningRate: 1e-3 })
    const options = { threads, providers: [provider], isolation: 'inline' as const }
    const step = await compileStep(
      descent({
        loss: (params: Values, x: Value, labels: Value) => ops.crossEntropy(network(params, x), labels),
        optimizer,
      }),
      initialState(initial(seed), optimizer),
      [spec('float32', [BATCH, WIDTH]), spec('int64', [BATCH])] as const,
      options,
    )
    const { params } = await step.state()
    const specs = Object.fromEntries(
      Object.entries(params).map(([name, { dtype, shape }]) => [name, spec(dtype, shape)]),
    )
    const predict = await compile(
      (weights: Values, x: Value) => ops.argMax(network(weights, x)),
      [specs, spec('float32', [TEST, WIDTH])],
      options,
    )
    return {
      async step(number) {
        const { x, labels } = pointsOf(centres, BATCH, seed + 1000 + number)
        return (await step(x, labels)).loss.item()
      },
      async evaluate() {
        const { params } = await step.state()
        const predicted = (await predict(params, test.x)).toNumbers()
        const truth = test.labels.toNumbers()
        return predicted.filter((label, i) => label === truth[i]).length / TEST
      },
      async dispose() {
        await step.dispose()
        await predict.dispose()
      },
    }
  },
}
