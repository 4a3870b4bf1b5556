/** The weights that training begins with: those of AltCLIP, but for what suits towers as narrow as these better. */
import { type Generator, Tensor, type Tensors } from '@flag/core-tensor'
import type { AltCLIPConfig } from '../../packages/flagai/src/models/altclip/config.ts'
import { initialParameters } from '../../packages/flagai/src/models/altclip/init.ts'

const rescaled = (tensor: Tensor, factor: number): Tensor =>
  new Tensor(
    'float32',
    tensor.shape,
    (tensor.data as Float32Array).map((x) => x * factor),
  )

/** Position embeddings [1 + grid², width] to start with: sines of a patch's column and row at several wavelengths. */
function waves(grid: number, width: number): Tensor {
  const quarter = width / 4
  const data = new Float32Array((1 + grid * grid) * width)
  for (let row = 0; row < grid; row++)
    for (let column = 0; column < grid; column++)
      for (let i = 0; i < quarter; i++) {
        const frequency = (Math.PI / 2) * 100 ** (-i / quarter)
        const at = (1 + row * grid + column) * width + i
        data[at] = 0.1 * Math.sin(column * frequency)
        data[at + quarter] = 0.1 * Math.cos(column * frequency)
        data[at + 2 * quarter] = 0.1 * Math.sin(row * frequency)
        data[at + 3 * quarter] = 0.1 * Math.cos(row * frequency)
      }
  return new Tensor('float32', [1 + grid * grid, width], data)
}

/** Everything but the text tower. */
export function imageStart(config: AltCLIPConfig, generator: Generator): Record<string, Tensor> {
  const { width, patchSize, channels, grid, initializerRange } = config.vision
  const params: Record<string, Tensor> = {}
  for (const [name, tensor] of Object.entries(initialParameters(config, generator)))
    if (!name.startsWith('text_model.')) params[name] = tensor
  const [patches, positions] = ['patch', 'position'].map(
    (what) => `vision_model.embeddings.${what}_embedding.weight`,
  )
  params[patches] = rescaled(params[patches], 1 / (initializerRange * Math.sqrt(channels) * patchSize))
  params[positions] = waves(grid, width)
  return params
}

/**
 * The text tower. BERT's starting weights (standard deviation 0.02) are made for wide towers; in one of width 128 the
 * first token would hear next to nothing of the others.
 */
export function textStart(config: AltCLIPConfig, generator: Generator): Tensors {
  const all = Object.entries(initialParameters(config, generator))
  const text = all.filter(([name]) => name.startsWith('text_model.'))
  return Object.fromEntries(
    text.map(([name, tensor]) => [name, tensor.shape.length > 1 ? rescaled(tensor, 3) : tensor]),
  )
}
