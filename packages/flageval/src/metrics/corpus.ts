import { FlagError } from '@flag/core-tensor'

/** Answers of a whole set, each with the references it may equal. */
export interface Corpus {
  readonly answers: readonly string[]
  /** One list for each answer. */
  readonly references: readonly (readonly string[])[]
}

export function checkCorpus({ answers, references }: Corpus): void {
  if (
    answers.length === 0 ||
    references.length !== answers.length ||
    references.some((list) => list.length === 0)
  ) {
    throw new FlagError(
      'invalid-argument',
      `${answers.length} answers and ${references.length} lists of references: expected equally many, none empty`,
    )
  }
}

export type Counts = ReadonlyMap<string, number>

/** How often each run of `n` units occurs. */
export function countRuns(units: readonly string[], n: number, glue: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (let i = 0; i + n <= units.length; i++) {
    const run = units.slice(i, i + n).join(glue)
    counts.set(run, (counts.get(run) ?? 0) + 1)
  }
  return counts
}

/** Words between white space. */
export const wordsOf = (text: string): string[] => text.split(/\s+/u).filter(Boolean)
