import { FlagError } from '@flag/core-tensor'
import type { ColumnResult } from '../run/results.ts'
import type { RunInfo } from '../run/run.ts'

/** The columns of the model itself that have scores. */
const scored = (results: readonly ColumnResult[]) => {
  const own = results.filter(({ system, scores }) => system === 'model' && scores !== undefined)
  if (own.length > 0) return own
  throw new FlagError('invalid-argument', 'the run has no scores of a model', {
    hint: 'run it to its end first',
  })
}

const valuesOf = ({ scores = [] }: ColumnResult, rename: (metric: string) => string) =>
  Object.fromEntries(
    scores.map(({ metric, value }) => [rename(metric), Number.isFinite(value) ? value : null]),
  )

/** Names of metrics in CLIP_benchmark 1.6. */
const clipBenchmark: Readonly<Record<string, string>> = {
  'IR@1': 'image_retrieval_recall@1',
  'IR@5': 'image_retrieval_recall@5',
  'IR@10': 'image_retrieval_recall@10',
  'TR@1': 'text_retrieval_recall@1',
  'TR@5': 'text_retrieval_recall@5',
  'TR@10': 'text_retrieval_recall@10',
  mAP: 'mean_average_precision',
  foil_accuracy: 'acc',
}

const clipTasks: Readonly<Record<string, string>> = {
  retrieval: 'zeroshot_retrieval',
  classification: 'zeroshot_classification',
  'multi-label': 'zeroshot_classification',
  pair: 'image_caption_selection',
  foil: 'image_caption_selection',
}

/** A run as CLIP_benchmark's JSON lines: one object for each data set and language. */
export function toClipBenchmark(run: RunInfo, results: readonly ColumnResult[]): Record<string, unknown>[] {
  return scored(results).map((column) => {
    const { kind } = run.tasks.find(({ id }) => id === column.task) ?? { kind: '' }
    return {
      dataset: column.task,
      model: run.model.name,
      pretrained: run.model.fingerprint,
      task: clipTasks[kind] ?? kind,
      metrics: valuesOf(column, (metric) => clipBenchmark[metric] ?? metric),
      language: column.language,
    }
  })
}

/**
 * A run as FlagEval's board reads it: `model_info`, then for each data set (the task, `_` and the language) its metrics as
 * shares. A metric without a value is null; FlagEval itself wrote a bare NaN there, which is no JSON.
 */
export function toFlagEval(run: RunInfo, results: readonly ColumnResult[]): Record<string, unknown> {
  const { name } = run.model
  return {
    model_info: { model_name: name, vision_encoder: null, text_encoder: null, agency: null },
    ...Object.fromEntries(
      scored(results).map((column) => [
        column.language === '*' ? column.task : `${column.task}_${column.language}`,
        valuesOf(column, (metric) => metric),
      ]),
    ),
  }
}
