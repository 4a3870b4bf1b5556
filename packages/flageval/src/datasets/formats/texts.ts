import { FlagError } from '@flag/core-tensor'
import { z } from 'zod'
import { lineError, readCsv, readJsonLines } from './reading.ts'

/** A question with four choices. */
export interface ChoiceQuestion {
  readonly question: string
  readonly choices: readonly string[]
  readonly gold: number
}

/** C-SEM's CSV files: 问题, 选项1 to 选项4, 答案 (A to D). Throws `corrupt-file` with file and line. */
export function readCsem(file: string): ChoiceQuestion[] {
  return readCsv(file).map(({ line, row }) => {
    const choices = [1, 2, 3, 4].map((i) => row[`选项${i}`])
    const answer = row.答案?.trim()
    if (row.问题 === undefined || choices.some((choice) => choice === undefined))
      throw lineError(file, line, 'expected the columns 问题, 选项1 to 选项4 and 答案')
    const gold = ['A', 'B', 'C', 'D'].indexOf(answer)
    if (gold < 0) throw lineError(file, line, `the answer is "${answer}", expected A to D`)
    return { question: row.问题, choices, gold }
  })
}

/**
 * ImageEval's prompts: `en.csv` in UTF-8, `cn.csv` in GB18030, recognised by trying. Annotations are 0 (absent), 1
 * (simple) and 2 (complex), and `entity` is a list of words.
 */
export function readImageEval(file: string): Record<string, string>[] {
  try {
    return readCsv(file).map(({ row }) => row)
  } catch (error) {
    if (!(error instanceof FlagError && error.message.includes('is not utf-8'))) throw error
    return readCsv(file, 'gb18030').map(({ row }) => row)
  }
}

const humanEvalLine = z.object({
  task_id: z.string(),
  prompt: z.string(),
  entry_point: z.string(),
  canonical_solution: z.string(),
  test: z.string(),
})
export type HumanEvalProblem = z.infer<typeof humanEvalLine>

/** HumanEval's JSON lines, packed (.gz) or not. */
export const readHumanEval = (file: string): HumanEvalProblem[] => readJsonLines(file, humanEvalLine)
