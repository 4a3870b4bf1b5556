// The functions that the tasks name; functions.py is the same for lm-eval.
const length = (text) => [...text].length

export const process_docs = (docs) => docs.filter(({ word }) => length(word) > 3)

export const doc_to_text = ({ word }) => `word: ${word}`

export const process_results = ({ word }, [answer]) => ({
  length: length(answer),
  spread: [length(answer), length(word)],
  middle: answer.split(' ').length - 1,
})

export const spread = (items) => Math.max(...items.map(([a]) => a)) - Math.min(...items.map(([, b]) => b))

export function overlap({ references, predictions, weight }) {
  const [wanted, given] = [new Set(references[0]), new Set(predictions[0])]
  return (weight * [...wanted].filter((char) => given.has(char)).length) / wanted.size
}
