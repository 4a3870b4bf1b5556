import {
  currentGraph,
  type Dims,
  type DType,
  ops,
  spec,
  type Traced,
  trace,
  type Value,
} from '@flag/core-tensor'

/** Graphs of published networks. Their weights are inputs, which take no memory. */

const weight = (...shape: number[]): Value => {
  const graph = currentGraph()
  return graph.input(`w${graph.inputs.length}`, { dtype: 'float32' as DType, shape: shape as Dims })
}

function convBn(x: Value, out: number, kernel: number, stride: number): Value {
  const convolved = ops.conv(x, weight(out, x.shape[1] as number, kernel, kernel), undefined, {
    stride,
    padding: (kernel - 1) / 2,
  })
  return ops.batchNorm(convolved, weight(out), weight(out), { mean: weight(out), variance: weight(out) })
}

/**
 * ResNet-50 (He et al. 2015) on 224 x 224 pictures. The paper strides in the first convolution of a block;
 * torchvision's, also called v1.5, in the second.
 */
export function resnet50(version: 'paper' | 'v1.5'): Traced {
  return trace(
    (pictures) => {
      let x = ops.maxPool(ops.relu(convBn(pictures, 64, 7, 2)), 3, { stride: 2, padding: 1 })
      const stages = [
        [3, 64],
        [4, 128],
        [6, 256],
        [3, 512],
      ]
      stages.forEach(([blocks, width], stage) => {
        for (let block = 0; block < blocks; block++) {
          const stride = stage > 0 && block === 0 ? 2 : 1
          const [first, second] = version === 'paper' ? [stride, 1] : [1, stride]
          let y = ops.relu(convBn(x, width, 1, first))
          y = ops.relu(convBn(y, width, 3, second))
          y = convBn(y, width * 4, 1, 1)
          x = ops.relu(ops.add(y, block === 0 ? convBn(x, width * 4, 1, stride) : x))
        }
      })
      return ops.linear(ops.reshape(ops.globalAveragePool(x), [1, 2048]), weight(1000, 2048), weight(1000))
    },
    [spec('float32', [1, 3, 224, 224])],
  )
}

const dense = (x: Value, out: number) => ops.linear(x, weight(out, x.shape.at(-1) as number), weight(out))
const norm = (x: Value) =>
  ops.layerNorm(x, weight(x.shape.at(-1) as number), weight(x.shape.at(-1) as number), 1e-12)

function attend(x: Value, heads: number): Value {
  const width = x.shape.at(-1) as number
  const [q, k, v] = [0, 1, 2].map(() => ops.splitHeads(dense(x, width), heads))
  return dense(ops.mergeHeads(ops.attention(q, k, v)), width)
}

const mlp = (x: Value) => dense(ops.gelu(dense(x, 4 * (x.shape.at(-1) as number))), x.shape.at(-1) as number)

/** The encoder of BERT-base (Devlin et al. 2018). */
export function bertBase(length: number): Traced {
  return trace(
    (ids) => {
      let x = norm(ops.add(ops.embedding(weight(30522, 768), ids), weight(1, length, 768)))
      for (let layer = 0; layer < 12; layer++) {
        x = norm(ops.add(x, attend(x, 12)))
        x = norm(ops.add(x, mlp(x)))
      }
      return x
    },
    [spec('int64', [1, length])],
  )
}

/** The picture tower of CLIP ViT-L/14 at 224 x 224 (Radford et al. 2021). */
export function vitL14(): Traced {
  return trace(
    (pictures) => {
      const patches = ops.conv(pictures, weight(1024, 3, 14, 14), undefined, { stride: 14 })
      const tokens = ops.transpose(ops.reshape(patches, [1, 1024, 256]), [0, 2, 1])
      let x = norm(ops.add(ops.concat([weight(1, 1, 1024), tokens], 1), weight(1, 257, 1024)))
      for (let layer = 0; layer < 24; layer++) {
        x = ops.add(x, attend(norm(x), 16))
        x = ops.add(x, mlp(norm(x)))
      }
      return norm(x)
    },
    [spec('float32', [1, 3, 224, 224])],
  )
}
