/** `y = x + x` on one float, as an ONNX file (IR version 8, operator set 13). */
export function oneNodeModel(): Uint8Array {
  const text = (s: string) => [...Buffer.from(s)]
  const field = (number: number, body: number[]) => [(number << 3) | 2, body.length, ...body]
  const int = (number: number, value: number) => [number << 3, value]
  const shape = field(2, field(1, int(1, 1)))
  const info = (name: string) => [...field(1, text(name)), ...field(2, field(1, [...int(1, 1), ...shape]))]
  const node = [
    ...field(1, text('x')),
    ...field(1, text('x')),
    ...field(2, text('y')),
    ...field(4, text('Add')),
  ]
  const graph = [...field(1, node), ...field(2, text('g')), ...field(11, info('x')), ...field(12, info('y'))]
  return Uint8Array.from([...int(1, 8), ...field(7, graph), ...field(8, int(2, 13))])
}
