import { FlagError, full, Generator, type NumericDType, type Port, type Tensor } from '@flag/core-tensor'

export interface InputOptions {
  /** Sizes of axes that the model leaves open, by their names; 1 where none is given. */
  readonly sizes?: Readonly<Record<string, number>>
  /** Inputs of which every element has this value. */
  readonly fill?: Readonly<Record<string, number>>
  readonly seed?: number
}

/**
 * Made-up inputs of a model: floating-point numbers uniform in [0, 1), from a seed; whole numbers 0 and truth values
 * false, unless `fill` says otherwise. Throws `unsupported` for texts and `invalid-argument` for names of inputs
 * and axes that the model does not have.
 */
export function makeInputs(ports: readonly Port[], options: InputOptions = {}): Record<string, Tensor> {
  const { sizes = {}, fill = {}, seed = 0 } = options
  const names = ports.map(({ name }) => name)
  for (const name of Object.keys(fill))
    if (!names.includes(name))
      throw new FlagError('invalid-argument', `the model has no input "${name}", only ${names.join(', ')}`)
  const axes = ports.flatMap(({ shape }) => shape.filter((dim) => typeof dim === 'string'))
  for (const name of Object.keys(sizes))
    if (!axes.includes(name)) {
      const open = axes.length === 0 ? 'all sizes are fixed' : `only ${[...new Set(axes)].join(', ')}`
      throw new FlagError('invalid-argument', `the model leaves no axis "${name}" open: ${open}`)
    }
  const random = new Generator(seed)
  return Object.fromEntries(
    ports.map(({ name, dtype, shape }) => {
      if (dtype === 'string')
        throw new FlagError('unsupported', `input "${name}" takes texts, which cannot be made up`)
      const dims = shape.map((dim) => (typeof dim === 'number' ? dim : (sizes[dim] ?? 1)))
      if (name in fill) return [name, full(dims, fill[name], dtype as NumericDType)]
      return [name, dtype === 'float32' ? random.rand(dims) : full(dims, 0, dtype as NumericDType)]
    }),
  )
}
