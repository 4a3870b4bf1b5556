import { territoryNames } from './cldr.ts'
import type { AnswerData } from './dataset.ts'
import { packageJson } from './packages.ts'

interface Country {
  cca2: string
  capital: string[]
  unMember: boolean
}

/** The capitals of the members of the United Nations, among which the package counts the Vatican, as questions that are answered in words, in English. */
export function loadCapitals(_language: string): AnswerData {
  const names = territoryNames('en')
  const questions = packageJson<Country[]>('world-countries', 'countries.json')
    .filter(({ unMember, capital }) => unMember && capital.some(Boolean))
    .sort((a, b) => (a.cca2 < b.cca2 ? -1 : 1))
    .map(({ cca2, capital }) => ({
      id: cca2,
      prompt: `Question: What is the capital of ${names[cca2]}?\nAnswer:`,
      references: capital,
    }))
  return { kind: 'answer', questions, generation: { until: ['\n'], maxTokens: 16 } }
}
