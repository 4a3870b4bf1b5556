import { allTasks, type SampleRecord, type Score, score } from '@flag/eval'

const records: SampleRecord[] = Array.from({ length: 400 }, (_, i) => ({
  kind: 'pair',
  sample: `${i}`,
  document: `${i}`,
  request: `${i}`,
  scores: i < 29 ? [1, 0, 0, 1] : [0, 1, 0, 1],
}))
const { value, low, high }: Score = score(records, 'group')
if (`${value} ${low.toFixed(3)} ${high.toFixed(3)}` !== '0.0725 0.051 0.102') {
  throw new Error(`29 of 400: ${value} [${low}, ${high}]`)
}
if (!allTasks().some(({ id }) => id === 'emoji-retrieval'))
  throw new Error('the tasks are not in the package')
console.log('@flag/eval scores records and has its tasks')
