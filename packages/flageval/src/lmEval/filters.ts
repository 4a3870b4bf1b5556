import { FlagError } from '@flag/core-tensor'
import { pythonRegex, pythonSub, strip } from '../python/text.ts'
import type { Doc, FilterStep, TaskConfig } from './config.ts'

/** The answers to one request, one for each repeat. A filter may make one of them. */
export type Answers = unknown

/** Makes the answers of every request anew; `docs` has the document of each. */
type Filter = (answers: readonly Answers[], docs: readonly Doc[]) => readonly Answers[]

/** Changes each answer by itself. */
const each =
  (change: (answer: unknown, doc: Doc) => unknown): Filter =>
  (answers, docs) =>
    answers.map((list, i) => (list as readonly unknown[]).map((answer) => change(answer, docs[i])))

const textOf = (answer: unknown) => (typeof answer === 'string' ? answer : '')

/** The match that `findall` and the place of it give: a group where there is one, the first that is not empty. */
function found(regex: RegExp, text: string, place: number): string | undefined {
  const match = [...text.matchAll(regex)].at(place)
  if (!match) return undefined
  if (match.length === 1) return match[0]
  if (match.length === 2) return match[1] ?? ''
  return match.slice(1).find((group) => group)
}

interface RegexOptions {
  regex_pattern?: string
  group_select?: number
  fallback?: string
}

const NUMBER_AFTER_HASHES = '#### (\\-?[0-9\\.\\,]+)'

function regex({
  regex_pattern = NUMBER_AFTER_HASHES,
  group_select = 0,
  fallback = '[invalid]',
}: RegexOptions): Filter {
  const pattern = pythonRegex(regex_pattern)
  return each((answer) => {
    const match = found(pattern, textOf(answer), group_select)
    return match === undefined ? fallback : strip(match)
  })
}

interface ChoiceOptions extends RegexOptions {
  ignore_case?: boolean
  ignore_punctuation?: boolean
  regexes_to_ignore?: string[]
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')

/**
 * The letter of a choice: by the pattern, else by the text of a choice in the answer, longer choices first, else by a
 * letter after a colon.
 */
function choiceRegex(options: ChoiceOptions): Filter {
  const { regex_pattern = NUMBER_AFTER_HASHES, group_select = 0, fallback = '[invalid]' } = options
  const plain = (text: string) => {
    let result = text
    for (const pattern of options.regexes_to_ignore ?? []) result = pythonSub(pattern, '', result)
    if (options.ignore_case) result = result.toLowerCase()
    return options.ignore_punctuation ? result.replace(/\p{P}/gu, '') : result
  }
  const search = (pattern: RegExp, text: string, letters?: ReadonlyMap<string, string>) => {
    const match = found(pattern, text, group_select)
    const word = match === undefined ? '' : strip(match)
    return letters?.get(word) ?? word
  }
  return each((answer, doc) => {
    const choices = doc.choices as readonly string[]
    const letters = choices.map((_, i) => String.fromCharCode(65 + i))
    const texts = choices.map((choice) => plain(strip(choice)))
    const byText = new Map(texts.map((text, i) => [text, `(${letters[i]})`]))
    const byLetter = new Map(letters.map((letter) => [letter, `(${letter})`]))
    const longestFirst = texts.map(escaped).sort((a, b) => [...b].length - [...a].length)
    const text = textOf(answer)
    return (
      search(pythonRegex(regex_pattern), text) ||
      search(new RegExp(longestFirst.join('|'), 'g'), plain(text), byText) ||
      search(new RegExp(`:[\\s]*(${letters.join('|')})`, 'g'), text, byLetter) ||
      fallback
    )
  })
}

/** The answer given most often; of equals the one given first. */
function majority(list: readonly unknown[]): unknown {
  const counts = new Map<unknown, number>()
  for (const answer of list) counts.set(answer, (counts.get(answer) ?? 0) + 1)
  const most = Math.max(...counts.values())
  return [...counts].find(([, count]) => count === most)?.[0]
}

/** The filters by their names in lm-eval. */
const filters: Readonly<Record<string, (options: never) => Filter>> = {
  take_first: () => (answers) => answers.map((list) => (list as readonly unknown[])[0]),
  take_first_k:
    ({ k }: { k: number }) =>
    (answers) =>
      answers.map((list) => {
        const all = list as readonly unknown[]
        if (all.length >= k) return all.slice(0, k)
        throw new FlagError(
          'invalid-argument',
          `take_first_k asks for ${k} answers, ${all.length} are there`,
          {
            hint: "raise the task's repeats",
          },
        )
      }),
  majority_vote: () => (answers) => answers.map((list) => [majority(list as readonly unknown[])]),
  lowercase: () => each((answer) => textOf(answer).toLowerCase()),
  uppercase: () => each((answer) => textOf(answer).toUpperCase()),
  remove_whitespace: () => each((answer) => strip(textOf(answer))),
  map: ({
    mapping_dict = {},
    default_value = null,
  }: {
    mapping_dict?: Record<string, unknown>
    default_value?: unknown
  }) =>
    each((answer) =>
      Object.hasOwn(mapping_dict, String(answer)) ? mapping_dict[String(answer)] : default_value,
    ),
  regex,
  multi_choice_regex: choiceRegex,
  custom: ({ filter_fn }: { filter_fn: Filter }) => filter_fn,
}

export interface FilterPipeline {
  readonly name: string
  readonly apply: Filter
}

/** The pipelines of a task; without any, `none`, which takes the first answer. Throws `invalid-argument`. */
export function pipelinesOf(config: TaskConfig): FilterPipeline[] {
  const list = config.filter_list ?? [{ name: 'none', filter: [{ function: 'take_first' }] }]
  return list.map(({ name, filter }) => {
    const steps = filter.map((step) => filterOf(step, config.task))
    return { name, apply: (answers, docs) => steps.reduce((now, step) => step(now, docs), answers) }
  })
}

function filterOf({ function: name, ...options }: FilterStep, task: string): Filter {
  if (!Object.hasOwn(filters, name)) {
    throw new FlagError('unsupported', `task ${task}: no filter "${name}"`, {
      hint: `choose of ${Object.keys(filters).join(', ')}`,
    })
  }
  return filters[name](options as never)
}
