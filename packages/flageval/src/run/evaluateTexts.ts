import type {
  AnswerData,
  ChoiceData,
  CodeData,
  ContinuationData,
  Generation,
  LanguageDataset,
  LikelihoodData,
} from '../datasets/dataset.ts'
import { sizesOf } from '../metrics/index.ts'
import type { ModelAnswer, ModelRequest } from '../models/languageModel.ts'
import { type RecordOf, type SampleRecord, shortHash } from '../records/record.ts'
import { runProblems } from '../sandbox/codeTasks.ts'

/** The answers of a language model to requests of one kind, once for each repeat. */
export type Ask = (requests: readonly ModelRequest[], repeats?: number) => Promise<ModelAnswer[][]>

/** Which parts of the records metrics of the task need. */
interface TextOptions {
  /** Also the likelihood of each choice after nothing, for `acc_mutual_info`. */
  readonly unconditional: boolean
}

/** One record for every sample of a data set, from what a language model answers. */
export async function evaluateTexts(
  data: LanguageDataset,
  ask: Ask,
  options: TextOptions,
): Promise<SampleRecord[]> {
  switch (data.kind) {
    case 'choice':
      return choose(data, ask, options)
    case 'likelihood':
      return weigh(data, ask)
    case 'continuation':
      return expectEnds(data, ask)
    case 'answer':
      return answer(data, ask)
    case 'code':
      return program(data, ask)
  }
}

const sumOf = (answer: ModelAnswer) => (answer as readonly [number, boolean])[0]

async function choose(
  { questions, delimiter }: ChoiceData,
  ask: Ask,
  { unconditional }: TextOptions,
): Promise<RecordOf<'choice'>[]> {
  const weights = async (contextOf: (prompt: string) => string) => {
    const requests = questions.flatMap(({ prompt, choices }) =>
      choices.map(
        (choice): ModelRequest => ({
          kind: 'loglikelihood',
          context: contextOf(prompt),
          continuation: `${delimiter}${choice}`,
        }),
      ),
    )
    const answers = await ask(requests)
    let next = 0
    return questions.map(({ choices }) => choices.map(() => sumOf(answers[next++][0])))
  }
  const given = await weights((prompt) => prompt)
  const alone = unconditional ? await weights(() => '') : undefined
  return questions.map(({ id, cluster, prompt, choices, gold }, i) => ({
    kind: 'choice',
    sample: id,
    ...(cluster !== undefined && { cluster }),
    document: shortHash(prompt, choices, gold),
    request: shortHash(prompt, delimiter, choices),
    choices: [...choices],
    logLikelihoods: given[i],
    ...(alone && { unconditional: alone[i] }),
    gold,
  }))
}

async function weigh({ texts }: LikelihoodData, ask: Ask): Promise<RecordOf<'likelihood'>[]> {
  const answers = await ask(texts.map(({ text }): ModelRequest => ({ kind: 'rolling', text })))
  return texts.map(({ id, text }, i) => ({
    kind: 'likelihood',
    sample: id,
    document: shortHash(text),
    request: shortHash(text),
    logLikelihood: answers[i][0] as number,
    ...sizesOf(text),
  }))
}

async function expectEnds({ samples }: ContinuationData, ask: Ask): Promise<RecordOf<'continuation'>[]> {
  const answers = await ask(
    samples.map(
      ({ context, continuation }): ModelRequest => ({ kind: 'loglikelihood', context, continuation }),
    ),
  )
  return samples.map(({ id, context, continuation }, i) => {
    const [logLikelihood, greedy] = answers[i][0] as readonly [number, boolean]
    const hash = shortHash(context, continuation)
    return { kind: 'continuation', sample: id, document: hash, request: hash, logLikelihood, greedy }
  })
}

const generate = (prompt: string, { until, maxTokens, temperature = 0 }: Generation): ModelRequest => ({
  kind: 'generate',
  prompt,
  options: { until, max_gen_toks: maxTokens, temperature },
})

async function answer({ questions, generation }: AnswerData, ask: Ask): Promise<RecordOf<'answer'>[]> {
  const requests = questions.map(({ prompt }) => generate(prompt, generation))
  const answers = await ask(requests)
  return questions.map(({ id, prompt, references }, i) => ({
    kind: 'answer',
    sample: id,
    document: shortHash(prompt, references),
    request: shortHash(requests[i]),
    answer: (answers[i][0] as string).trim(),
    references: [...references],
  }))
}

/** The prompt belongs to the program, as in HumanEval. */
async function program(
  { problems, language, generation, answers: count }: CodeData,
  ask: Ask,
): Promise<RecordOf<'code'>[]> {
  const requests = problems.map(({ prompt }) => generate(prompt, generation))
  const answers = await ask(requests, count)
  const results = await runProblems(
    problems.map(({ id, prompt, test }, i) => ({
      id,
      programs: (answers[i] as string[]).map((text) => `${prompt}${text}\n${test}`),
    })),
    { language },
  )
  return results.map((result, i) => ({
    ...result,
    document: shortHash(problems[i]),
    request: shortHash(requests[i], count),
  }))
}
