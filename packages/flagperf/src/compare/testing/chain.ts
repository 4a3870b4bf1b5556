import { join } from 'node:path'
import { constant, Generator, ops, saveOnnx, spec, Tensor, trace } from '@flag/core-tensor'

/**
 * Writes a model that is a chain of equal matrix products, so that a known share of work can be added: a chain of 105 is
 * 5 % slower than one of 100. Gives the path.
 */
export async function saveChain(folder: string, products: number, size = 64): Promise<string> {
  const file = join(folder, `chain-${size}-${products}.onnx`)
  const weights = new Generator(0).randn([size, size])
  // Products keep their size: neither overflow nor denormal numbers, which take another time.
  const scaled = (weights.data as Float32Array).map((x) => x / Math.sqrt(size))
  const matrix = new Tensor('float32', [size, size], scaled)
  const traced = trace(
    (x) => {
      // One matrix for all: a process that has the next turn finds the caches nearly as it left them.
      const shared = constant(matrix)
      let y = x
      for (let i = 0; i < products; i++) y = ops.matmul(y, shared)
      // One element: outputs are copied, and the copy would be measured too.
      return ops.slice(ops.flatten(y), [0], [1])
    },
    [spec('float32', [size, size])],
  )
  await saveOnnx(file, traced)
  return file
}
