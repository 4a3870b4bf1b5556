import { fromFloat16Bits } from '@flag/core-tensor'
import type { Agreement } from './schema.ts'
import type { OutputParts } from './subjectProcess.ts'

/** How far outputs are from those of a reference. Outputs of another name, type or shape are left out. */
export function agreementOf(outputs: readonly OutputParts[], reference: readonly OutputParts[]): Agreement[] {
  return outputs.flatMap((output) => {
    const other = reference.find(({ name }) => name === output.name)
    const isComparable = other?.dtype === output.dtype && String(other.shape) === String(output.shape)
    return isComparable && output.dtype !== 'string' ? [compare(output, other)] : []
  })
}

function compare({ name, dtype, data }: OutputParts, reference: OutputParts): Agreement {
  const value = (at: ArrayLike<unknown>, i: number) =>
    dtype === 'float16' ? fromFloat16Bits(Number(at[i])) : Number(at[i])
  let maxAbs: number | null = 0
  let largest = 0
  let dot = 0
  let norm = 0
  let referenceNorm = 0
  for (let i = 0; i < data.length; i++) {
    const [x, y] = [value(data, i), value(reference.data, i)]
    if (Object.is(x, y)) {
      // Equal infinities, or both not a number: they agree, and have no part in sums.
      if (!Number.isFinite(x)) continue
    } else if (!Number.isFinite(x - y)) maxAbs = null
    if (maxAbs !== null) maxAbs = Math.max(maxAbs, Math.abs(x - y))
    if (!Number.isFinite(x * y)) continue
    largest = Math.max(largest, Math.abs(y))
    dot += x * y
    norm += x * x
    referenceNorm += y * y
  }
  const relative = maxAbs === null ? null : largest === 0 ? (maxAbs === 0 ? 0 : null) : maxAbs / largest
  const cosine = norm > 0 && referenceNorm > 0 ? dot / Math.sqrt(norm * referenceNorm) : null
  return {
    output: name,
    elements: data.length,
    maxAbs,
    maxRel: relative,
    cosine: cosine !== null && Number.isFinite(cosine) ? Math.min(1, cosine) : null,
  }
}
