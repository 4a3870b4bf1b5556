import * as z from 'zod'
import { DataError } from '../../errors.ts'
import { defineStep } from '../../pipeline/define.ts'
import { type EvaluationSet, evaluationSetSchema, readEvaluationSet } from './evaluationSets.ts'
import { NgramIndex, type NgramRules } from './ngramIndex.ts'

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
 */
export const decontaminate = defineStep({
  name: 'decontaminate',
  summary: 'Removes documents that hold n-grams of evaluation sets.',
  source:
    'Brown et al., Language Models are Few-Shot Learners, appendix C (https://arxiv.org/abs/2005.14165); NGramsDecontFilter of datatrove 0.10',
  reasons: ['contaminated'],
  counts: ['contaminated_<task>'],
  options: z.strictObject({
    sets: z.array(evaluationSetSchema).default([]).describe('files of evaluation samples'),
    index: z.string().min(1).optional().describe('a folder of {task}.index.hashes, made of such files'),
    ngrams: z.int().min(1).max(100).default(12).describe('words per n-gram'),
    findQuery: z.boolean().default(false).describe('whether n-grams of the question alone count'),
    findOverlap: z
      .boolean()
      .default(true)
      .describe('whether n-grams count that begin in the question and end in the answer'),
    hash: z.enum(['xxhash', 'sha1']).default('xxhash').describe('as the index was made with'),
  }),
  async prepare({ sets, index: folder, ...rules }) {
    if (sets.length === 0 && folder === undefined)
      throw new DataError('invalid-argument', 'decontaminate: neither sets nor an index', {
        hint: 'decontaminate: { sets: [{ path: test.jsonl, label: answer, query: question }] }',
      })
    const index = await buildNgramIndex(sets, rules)
    if (folder !== undefined) await index.load(folder)
    return index
  },
  create(rules, index) {
    return ({ value }, _document, count) => {
      const found = index.findIn(value, rules)
      if (found === undefined) return undefined
      count(`contaminated_${found.task}`)
      return {
        reason: 'contaminated',
        metadata: { contaminated_task: found.task, contaminated_ngram: found.ngram },
      }
    }
  },
})
