export {
  type Axis,
  type Cell,
  type Column,
  type Estimate,
  type Fact,
  type Report,
  reportSchema,
  type Sample,
  type Section,
  type SectionKind,
  type SectionOf,
  type Span,
  sectionSchema,
  type Tone,
} from './contract.ts'
export { ReportError, type ReportErrorCode } from './errors.ts'
export { renderReport, writeReport } from './render.ts'
