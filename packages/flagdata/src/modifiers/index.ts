/** Every modifier: what is exported here is a step that recipes may name. */
export { emailPruner, ipPruner, linkPruner } from './addresses.ts'
export { cataloguePruner } from './catalogue.ts'
export {
  consecutiveNewlinesPruner,
  controlCharPruner,
  nonChineseCharPruner,
  punctuationNormalizationPruner,
  unicodePruner,
} from './characters.ts'
export { chineseConversionPruner, simplifiedFilter } from './chinese.ts'
export { symbolFilter, textCleanerV1, textIntegrityChecker } from './cleanerV1.ts'
export { copyrightPruner } from './copyright.ts'
export { fixText } from './fixText/index.ts'
export { latexMacroExpanderPruner } from './latexMacros.ts'
export {
  figureTableCaptionPruner,
  replacePruner,
  specificPatternPruner,
  symbolLines,
  tablePruner,
} from './lines.ts'
export { normaliseText, simplifyText } from './normalise.ts'
export { pii } from './pii.ts'
export { endAtLastPunctuationPruner, repeatSentencePruner } from './sentences.ts'
export { textCleaner } from './textCleaner.ts'
