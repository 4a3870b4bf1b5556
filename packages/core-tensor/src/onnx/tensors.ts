import path from 'node:path'
import type { StoredTensor } from '../checkpoint/checkpoint.ts'
import { FlagError } from '../errors.ts'
import { allocate, byteSize, type DataOf, type NumericDType, viewBytes } from '../tensor/dtype.ts'
import { byteLengthOf, type Shape, sizeOf, Tensor } from '../tensor/tensor.ts'
import { dtypeFromOnnx, onnxDType } from './dtypes.ts'
import type { SparseTensorProto, TensorProto } from './schema.ts'

const utf8 = new TextEncoder()
const text = new TextDecoder()

/** A tensor in the form in which ONNX files hold it. */
export function tensorProto(name: string, tensor: Tensor): TensorProto {
  const head = { name, dims: [...tensor.shape], dataType: onnxDType(tensor.dtype) }
  if (Array.isArray(tensor.data)) return { ...head, stringData: tensor.data.map((item) => utf8.encode(item)) }
  return { ...head, rawData: tensor.bytes }
}

/**
 * The tensor of a TensorProto that holds its own data; a view of the file's bytes where they are aligned.
 * Throws `corrupt-file` when data and shape do not agree, `unsupported` for element types that Flag has not.
 */
export function tensorOf(proto: TensorProto): Tensor {
  const name = proto.name ?? ''
  const dtype = dtypeFromOnnx(proto.dataType ?? 0)
  const shape = shapeOf(proto)
  const size = sizeOf(shape)
  if (proto.dataLocation === 1 || proto.segment)
    throw new FlagError('unsupported', `tensor "${name}": its data lie outside, where only initializers may`)
  if (dtype === 'string') {
    const strings = proto.stringData ?? []
    checkLength(name, strings.length, size, 'strings')
    return new Tensor(
      'string',
      shape,
      strings.map((item) => text.decode(item)),
    )
  }
  if (proto.rawData) {
    checkLength(name, proto.rawData.length, size * byteSize(dtype), 'bytes')
    return new Tensor(dtype, shape, viewBytes(dtype, proto.rawData))
  }
  const list = typedData(proto, dtype)
  checkLength(name, list.length, size, 'elements')
  const data = allocate(dtype, size) as unknown as (number | bigint)[]
  const wide = dtype === 'int64' || dtype === 'uint64'
  list.forEach((item, i) => {
    data[i] = wide ? BigInt(item) : Number(item)
  })
  return new Tensor(dtype, shape, data as unknown as DataOf<NumericDType>)
}

function shapeOf(proto: TensorProto): Shape {
  const shape = proto.dims ?? []
  if (shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) return shape
  throw new FlagError('corrupt-file', `tensor "${proto.name ?? ''}" has the shape [${shape.join(', ')}]`)
}

/** The field that holds elements of this type when they are not raw (comments of TensorProto in onnx.proto). */
function typedData(proto: TensorProto, dtype: NumericDType): readonly (number | bigint)[] {
  switch (dtype) {
    case 'float32':
      return proto.floatData ?? []
    case 'float64':
      return proto.doubleData ?? []
    case 'int64':
      return proto.int64Data ?? []
    case 'uint32':
    case 'uint64':
      return proto.uint64Data ?? []
    default:
      return proto.int32Data ?? []
  }
}

function checkLength(name: string, found: number, expected: number, unit: string): void {
  if (found !== expected)
    throw new FlagError('corrupt-file', `tensor "${name}" has ${found} ${unit}, its shape needs ${expected}`)
}

/** Elements that a sparse tensor may have once it is written out. */
const MAX_DENSE = 2 ** 26

/** A sparse tensor with its zeros. Throws `corrupt-file` for indices outside the shape. */
export function denseTensor(proto: SparseTensorProto): Tensor {
  const values = tensorOf(proto.values ?? {})
  const indices = tensorOf(proto.indices ?? {}).toNumbers()
  const shape = shapeOf({ name: proto.values?.name, dims: proto.dims })
  const size = sizeOf(shape)
  if (size > MAX_DENSE)
    throw new FlagError('unsupported', `a sparse tensor of shape [${shape.join(', ')}] is too large`)
  const columns = values.size === 0 ? 1 : indices.length / values.size
  const data = allocate(values.dtype, size) as unknown[]
  for (let i = 0; i < values.size; i++) {
    const position = indices.slice(i * columns, (i + 1) * columns)
    const flat =
      columns === 1 ? position[0] : position.reduce((sum, index, axis) => sum * shape[axis] + index, 0)
    if (!(flat >= 0 && flat < size))
      throw new FlagError('corrupt-file', `a sparse tensor has the index ${position}`)
    data[flat] = values.data[i]
  }
  return new Tensor(values.dtype, shape, data as unknown as DataOf<NumericDType>)
}

/**
 * An initializer whose bytes lie in another file of `folder`. Throws `corrupt-file` for places outside the folder
 * or lengths that do not fit the shape.
 */
export function storedTensorOf(proto: TensorProto, folder: string | undefined): StoredTensor {
  const name = proto.name ?? ''
  const entries = new Map((proto.externalData ?? []).map(({ key = '', value = '' }) => [key, value]))
  const location = entries.get('location') ?? ''
  if (folder === undefined) {
    throw new FlagError('invalid-argument', `tensor "${name}" lies in another file, "${location}"`, {
      hint: 'say where: decodeModel(bytes, { folder })',
    })
  }
  const dtype = dtypeFromOnnx(proto.dataType ?? 0)
  if (dtype === 'string') throw new FlagError('corrupt-file', `tensor "${name}": strings cannot lie outside`)
  const shape = shapeOf(proto)
  const byteLength = byteLengthOf(dtype, shape)
  const file = path.resolve(folder, location)
  const inside = path.relative(path.resolve(folder), file)
  if (location === '' || inside.startsWith('..') || path.isAbsolute(inside) || location.includes('\0'))
    throw new FlagError('corrupt-file', `tensor "${name}" lies outside the model's folder: "${location}"`)
  const offset = Number(entries.get('offset') ?? 0)
  const length = Number(entries.get('length') ?? byteLength)
  if (!Number.isSafeInteger(offset) || offset < 0 || length !== byteLength) {
    throw new FlagError(
      'corrupt-file',
      `tensor "${name}" lies at ${offset}, ${length} bytes; its shape needs ${byteLength}`,
    )
  }
  return { name, dtype, shape, source: { path: file, offset, byteLength } }
}
