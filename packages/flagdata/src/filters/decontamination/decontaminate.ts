import * as z from 'zod'
import { DataError } from '../../errors.ts'
import { defineStep } from '../../pipeline/define.ts'
import { type EvaluationSet, evaluationSetSchema, readEvaluationSet } from './evaluationSets.ts'
import { NgramIndex, type NgramRules } from './ngramIndex.ts'

const rulesShape = {
  ngrams: z.int().min(1).max(100).default(12),
  findQuery: z.boolean().default(false),
  findOverlap: z.boolean().default(true),
  hash: z.enum(['xxhash', 'sha1']).default('xxhash'),
}

/** Builds an index from evaluation sets. */
export async function buildNgramIndex(
  sets: readonly EvaluationSet[],
  rules: NgramRules,
): Promise<NgramIndex> {
  const index = new NgramIndex()
  for (const set of sets)
    for await (const { task, label, query } of readEvaluationSet(set))
      index.addSample(rules, task, label, query)
  return index
}

/**
 * Removes documents that hold an n-gram of an evaluation set, so that a model is not trained on what it is tested with.
 * Of a sample count the n-grams of its answer and those that lead from the question into the answer; with `findQuery` also
 * those of the question, which many documents may quote by right. Give the sets themselves, or a folder of hashes
 * that was made of them.
 *
 * Reason: `contaminated`; metadata `contaminated_task` and `contaminated_ngram`. Count: `contaminated_<task>`.
 *
 * Source: Brown et al., Language Models are Few-Shot Learners, appendix C (https://arxiv.org/abs/2005.14165); decisions
 * and files equal to `NGramsDecontFilter` of datatrove 0.10.
 */
export const decontaminate = defineStep({
  name: 'decontaminate',
  options: z.strictObject({
    /** Files of evaluation samples. */
    sets: z.array(evaluationSetSchema).default([]),
    /** A folder of `{task}.index.hashes`. */
    index: z.string().min(1).optional(),
    ...rulesShape,
  }),
  create({ sets, index: folder, ...rules }) {
    if (sets.length === 0 && folder === undefined)
      throw new DataError('invalid-argument', 'decontaminate: neither sets nor an index', {
        hint: 'decontaminate: { sets: [{ path: test.jsonl, label: answer, query: question }] }',
      })
    let index: NgramIndex | undefined
    const open = async () => {
      const built = await buildNgramIndex(sets, rules)
      if (folder !== undefined) await built.load(folder)
      return built
    }
    const judge = (known: NgramIndex, text: string, count: (name: string) => void) => {
      const found = known.findIn(text, rules)
      if (found === undefined) return undefined
      count(`contaminated_${found.task}`)
      return {
        reason: 'contaminated',
        metadata: { contaminated_task: found.task, contaminated_ngram: found.ngram },
      }
    }
    return ({ value }, _document, count) => {
      if (index) return judge(index, value, count)
      return open().then((opened) => {
        index = opened
        return judge(opened, value, count)
      })
    }
  },
})
