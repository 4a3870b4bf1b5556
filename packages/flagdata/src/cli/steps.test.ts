import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { describeSteps, stepsPage } from './steps.ts'

it('the page of the documentation lists the steps as they are', () => {
  const page = readFileSync(new URL('../../../../docs/packages/data-steps.md', import.meta.url), 'utf8')
  expect(page, 'flagdata steps --markdown > docs/packages/data-steps.md').toBe(stepsPage())
})

it('every step says what it does, whose rule it is and what each option means', () => {
  const silent = describeSteps().flatMap(({ name, summary, source, options }) => [
    ...(summary && source ? [] : [name]),
    ...options.filter(({ description }) => !description).map((option) => `${name}.${option.name}`),
  ])
  expect(silent).toEqual([])
})

it('reasons are names in small letters', () => {
  const reasons = describeSteps().flatMap(({ reasons }) => reasons ?? [])
  expect(reasons.filter((reason) => !/^[a-z0-9_{}]+$/.test(reason))).toEqual([])
})
