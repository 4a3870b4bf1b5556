import { FlagError, full, type Generator, type Shape, Tensor } from '@flag/core-tensor'

/** A parameter's shape, and how it starts: one constant, or normal numbers of this standard deviation. */
export interface ParameterSpec {
  readonly shape: Shape
  readonly initial: { readonly constant: number } | { readonly std: number; readonly zeroRow?: number }
}

/** Every parameter of a model by its state-dict name. */
export type ParameterTable = Readonly<Record<string, ParameterSpec>>

/** Normal numbers; `zeroRow` is the row of padding tokens, which stands for nothing. */
export const normal = (shape: Shape, std: number, zeroRow?: number): ParameterSpec => ({
  shape,
  initial: { std, zeroRow },
})

export const filled = (shape: Shape, value: number): ParameterSpec => ({
  shape,
  initial: { constant: value },
})

/** The weight `[out, width]` and bias of a linear layer. */
export const dense = (name: string, out: number, width: number, std: number): ParameterTable => ({
  [`${name}.weight`]: normal([out, width], std),
  [`${name}.bias`]: filled([out], 0),
})

/** Weight and bias of a layer norm. */
export const norm = (name: string, width: number): ParameterTable => ({
  [`${name}.weight`]: filled([width], 1),
  [`${name}.bias`]: filled([width], 0),
})

/** The tables of `count` equal layers, one after another. */
export const layered = (count: number, layer: (index: number) => ParameterTable): ParameterTable =>
  Object.assign({}, ...Array.from({ length: count }, (_, i) => layer(i)))

/** How many numbers a model is made of. */
export const parameterCount = (table: ParameterTable): number =>
  Object.values(table).reduce((sum, { shape }) => sum + shape.reduce((size, dim) => size * dim, 1), 0)

/** Random starting values, drawn in the order of the table. */
export function initialValues(
  table: ParameterTable,
  generator: Generator,
): Record<string, Tensor<'float32'>> {
  return Object.fromEntries(
    Object.entries(table).map(([name, spec]) => [name, initialValue(spec, generator)]),
  )
}

function initialValue({ shape, initial }: ParameterSpec, generator: Generator): Tensor<'float32'> {
  if ('constant' in initial) return full(shape, initial.constant)
  const data = generator.randn(shape).data.map((x) => x * initial.std)
  if (initial.zeroRow !== undefined) {
    const width = shape[1]
    if (initial.zeroRow >= shape[0]) {
      throw new FlagError(
        'invalid-argument',
        `padding id ${initial.zeroRow} is outside a table of ${shape[0]} rows`,
      )
    }
    data.fill(0, initial.zeroRow * width, (initial.zeroRow + 1) * width)
  }
  return new Tensor('float32', shape, data)
}
