import { FlagError, Tensor } from '@flag/core-tensor'
import { unitRows } from './ranking.ts'

/**
 * One vector a class from the texts that templates make of its name (Radford et al. 2021, section 3.1.4): each text
 * scaled to length 1, their mean scaled to length 1.
 *
 * @param texts float32 `[classes · templates, E]`, the templates of a class one after the other
 * @returns float32 `[classes, E]`
 */
export function classVectors(texts: Tensor<'float32'>, templates: number): Tensor<'float32'> {
  const [rows, width] = texts.shape
  if (!Number.isSafeInteger(templates) || templates < 1 || rows % templates !== 0) {
    throw new FlagError('shape-mismatch', `${rows} texts do not divide into ${templates} templates a class`)
  }
  const unit = unitRows(texts)
  const sums = new Float32Array((rows / templates) * width)
  for (let row = 0; row < rows; row++) {
    const at = Math.floor(row / templates) * width
    for (let k = 0; k < width; k++) sums[at + k] += unit.data[row * width + k] / templates
  }
  return unitRows(new Tensor('float32', [rows / templates, width], sums))
}

/** The mean over the classes that occur of the share of their samples that are right: balanced accuracy. */
export function meanPerClassRecall(gold: readonly (string | number)[], right: readonly boolean[]): number {
  const classes = new Map<string | number, { right: number; all: number }>()
  gold.forEach((label, i) => {
    const count = classes.get(label) ?? { right: 0, all: 0 }
    count.all++
    if (right[i]) count.right++
    classes.set(label, count)
  })
  const recalls = Array.from(classes.values(), ({ right: hits, all }) => hits / all)
  return recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length
}
