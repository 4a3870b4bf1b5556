import { FlagError, type Tensor, tensor } from '@flag/core-tensor'

const matrix: Tensor<'float32'> = tensor([
  [1, 2],
  [3, 4],
])
const values: Float32Array = matrix.data
if (values.length !== 4) throw new FlagError('runtime', 'a 2 × 2 tensor has four elements')
console.log(`@flag/core-tensor answers: ${matrix.shape}`)
