import { bestOf, exactMatch, preferredChoice, prefersTrueCaption, winoground } from '../metrics/index.ts'
import type { SampleRecord } from './record.ts'

/** Whether the model was right about a sample; null where that has no meaning. Ties count against it. */
export function isRight(record: SampleRecord): boolean | null {
  switch (record.kind) {
    case 'retrieval':
    case 'classification':
    case 'bitext':
      return record.better + record.equal === 0
    case 'pair':
      return winoground(record.scores).group
    case 'foil':
      return prefersTrueCaption(record.right, record.wrong)
    case 'choice':
      return preferredChoice(record, 'acc') === record.gold
    case 'continuation':
      return record.greedy
    case 'answer':
      return bestOf(exactMatch, record.answer, record.references) === 1
    case 'code':
      return record.correct > 0
    default:
      return null
  }
}
