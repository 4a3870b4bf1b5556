import { cleanerCases } from './operators/cleaners.ts'
import { filterCases } from './operators/filters.ts'
import type { OperatorCase } from './operators/operatorCase.ts'
import { otherCases } from './operators/others.ts'
import { prunerCases } from './operators/pruners.ts'

/** At least two cases for every operator of FlagData, and for the filters and modifiers beside them. */
export const operatorCases: readonly OperatorCase[] = [
  ...filterCases,
  ...prunerCases,
  ...cleanerCases,
  ...otherCases,
]
