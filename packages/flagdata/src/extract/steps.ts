import * as z from 'zod'
import type { Document } from '../document.ts'
import { defineStep, type StepDescription } from '../pipeline/define.ts'
import type { Outcome } from '../pipeline/step.ts'
import { KEYWORDS_BY_PARTS, KEYWORDS_SET } from './book/keywords.ts'
import type { Options } from './extractor.ts'
import { extractorOf, mediaTypeOf } from './fileTypes.ts'
import * as gneRules from './gne/rules.ts'
import { type Limits, sandboxWith } from './sandbox.ts'
import { sourceOf, textOfSource } from './source.ts'

/** Options that every extractor has. */
const limits = {
  timeoutMs: z.int().min(1).default(5000).describe('milliseconds that a document may take'),
  memoryMb: z.int().min(16).default(512).describe('MiB of objects that a document may need'),
  maxBytes: z
    .int()
    .min(1)
    .default(100 * 1024 * 1024)
    .describe('larger files are not opened'),
}

const maxUnpackedBytes = z
  .int()
  .min(1)
  .default(256 * 1024 * 1024)
  .describe('bytes that the files of an archive may unpack to together')

type AnyLimits = Limits & { maxBytes: number }

const reasons = ['extraction_timeout', 'extraction_failed', 'empty']

/** Extracts in a thread with a budget; whatever a document does there, only that document ends. */
async function extractIn(
  extractor: string,
  { timeoutMs, memoryMb, maxBytes, ...options }: AnyLimits & Options,
  document: Document,
): Promise<Outcome> {
  let source: Awaited<ReturnType<typeof sourceOf>>
  try {
    source = await sourceOf(document, maxBytes)
  } catch (error) {
    return { reason: 'extraction_failed', metadata: { error: (error as Error).message } }
  }
  const extraction = await sandboxWith({ timeoutMs, memoryMb }).extract({ extractor, source, options })
  if (extraction.kind === 'done') return extraction.extracted
  return extraction.kind === 'timeout'
    ? { reason: 'extraction_timeout', limit: timeoutMs, metadata: { error: source.name } }
    : { reason: 'extraction_failed', metadata: { error: withName(extraction.message, source.name) } }
}

const withName = (message: string, name: string) => (message.includes(name) ? message : `${name}: ${message}`)

function defineExtractor<Shape extends z.ZodRawShape>(
  name: string,
  description: StepDescription,
  shape: Shape,
) {
  return defineStep({
    name,
    ...description,
    reasons: [...reasons, ...(description.reasons ?? [])],
    options: z.strictObject({ ...shape, ...limits }),
    create(options) {
      return (_text, document) => extractIn(name, options as unknown as AnyLimits & Options, document)
    },
  })
}

/** Main text of HTML pages. See `extractHtml`. */
export const htmlText = defineExtractor(
  'html-text',
  {
    summary:
      'The text of an HTML page without menus, footers and teasers; paragraphs, headings, lists, tables as lines, listings as they stand. Metadata: title, date, author, language, url.',
    source:
      'our own; ideas of Kohlschütter et al. 2010, Pomikálek 2011 and Barbaresi 2021 (https://aclanthology.org/2021.acl-demo.15)',
  },
  {},
)

const list = (values: readonly string[]) => z.array(z.string().min(1)).default([...values])

/** FlagData's HTML cleaner. See `gneContent`, `gneTitle`, `gneTime`. */
export const gne = defineExtractor(
  'gne',
  {
    summary: 'Content, title and time of a news page by the density of text and punctuation.',
    source:
      'ContentExtractor, TitleExtractor and TimeExtractor of FlagData 3.0, which follow GeneralNewsExtractor (Xiang et al. 2019)',
    differences: [
      'All elements with a class of noise are removed; FlagData stops at the first.',
      'A class of noise is compared word by word: `top` does not match `topic`.',
      'Text behind a removed element stays; FlagData removes it with the element.',
      'The text of all links counts as link text; FlagData counts that of the last.',
      'A node with more text in links than outside has the score 0; FlagData gives the page up and takes what is named content.',
      'A paragraph that begins with a link or bold words stays a paragraph.',
      '`<br>` separates words.',
      'A hyphen separates parts of a title only between spaces.',
      'The date form that says most is taken; times of the afternoon count from noon; `时` and `分` are read; eight, twelve and fourteen digits are a date; seconds since 1970 are UTC.',
      '`meta` elements that hold no date, such as keywords with a colon, are passed over.',
      'Phrases such as `昨天` are dates only with the option `now`.',
    ],
  },
  {
    titleKey: z.string().min(1).default('pageTitle').describe('metadata that gets the title'),
    timeKey: z.string().min(1).default('pagePublishTime').describe('metadata that gets the time'),
    now: z.iso.datetime().optional().describe('moment that relative times are counted from'),
    uselessTag: list(gneRules.USELESS_TAG).describe('elements taken out'),
    uselessAttrKeyword: list(gneRules.USELESS_ATTR_KEYWORD).describe('classes of noise'),
    contentAttrKeyword: list(gneRules.CONTENT_ATTR_KEYWORD).describe(
      'classes of content, whose text counts twice',
    ),
    deleteSentence: list(gneRules.DELETE_SENTENCE).describe('pieces of text taken out'),
  },
)

/** Text of PDF files. See `extractPdf`. */
export const pdfText = defineExtractor(
  'pdf-text',
  {
    summary:
      'The text of a PDF file in the order of reading, lines joined to paragraphs. Metadata: title, author, date, pages.',
    source: 'PDF 1.7 (ISO 32000-1), read by pdf.js',
  },
  {
    maxPages: z.int().min(1).default(2000).describe('pages that are read'),
    joinHyphens: z.boolean().default(true).describe('joins words that a hyphen divides at the end of a line'),
    dropRepeated: z.boolean().default(true).describe('leaves headers, footers and page numbers out'),
  },
)

/** Text of EPUB books. See `extractEpub`. */
export const epubText = defineExtractor(
  'epub-text',
  {
    summary: 'The text of an EPUB book, chapter after chapter. Metadata: title, author, language, date.',
    source: 'EPUB 3.3 (https://www.w3.org/TR/epub-33/)',
  },
  { maxUnpackedBytes },
)

/** Text of Word documents. See `extractDocx`. */
export const docxText = defineExtractor(
  'docx-text',
  {
    summary:
      'The text of a Word document with its tables and footnotes. Metadata: title, author, language, date.',
    source: 'ECMA-376, part 1, section 17',
  },
  {
    maxUnpackedBytes,
    footnotes: z.boolean().default(true).describe('puts footnotes and endnotes at the end'),
  },
)

/** Text of papers in LaTeX. See `extractLatex`. */
export const latexText = defineExtractor(
  'latex-text',
  {
    summary:
      'The body of a paper in LaTeX, from the first section to appendix or bibliography, without comments, macros without arguments written out.',
    source: 'RedPajama-Data, arXiv (Together Computer 2023); ArxivCleaner of FlagData 3.0',
    differences: [
      'Comments go first, so that a section in a comment is none, and the character before a comment stays.',
      '`\\subparagraph` is a section of its own; FlagData asks for `\\paragraph` right before it.',
      'Macros are written out as `latex-macro-expander-pruner` does, and keep letters that are not ASCII.',
    ],
  },
  { expandMacros: z.boolean().default(true).describe('writes macros without arguments out') },
)

/** FlagData's book cleaner. See `extractBook`. */
export const bookText = defineExtractor(
  'book-text',
  {
    summary:
      'The text of a Chinese or English book, from EPUB or plain text, without cover, contents, imprint, captions and advertisements.',
    source: 'BookCleaner of FlagData 3.0',
    reasons: ['unsupported_language', 'short_lines'],
    differences: [
      'EPUB is read directly; FlagData runs Calibre, which also reads MOBI and AZW.',
      'The language is told by function words in the middle of the book, not by langdetect.',
      'Lines of English books are not set twice as far apart as they were.',
    ],
  },
  {
    keywords: z
      .array(z.tuple([z.string().min(1), z.int().min(0), z.boolean(), z.number(), z.number()]))
      .default(KEYWORDS_SET.map((it) => [...it]))
      .describe('words of front and back matter: [word, maxLength, lower, headRatio, tailRatio]'),
    parts: z
      .array(z.strictObject({ keywords: z.array(z.string().min(1)), threshold: z.int().min(1) }))
      .default([...KEYWORDS_BY_PARTS])
      .describe('words of parts that are front or back matter in Chinese books'),
    shortLineRatio: z.number().min(0).max(1).default(0.9).describe('the most of its lines that may be short'),
    longLines: z.int().min(0).default(20).describe('with more long lines than this a book is kept anyway'),
    maxUnpackedBytes,
  },
)

/** The extractor that a file's type asks for. */
export const extract = defineStep({
  name: 'extract',
  summary:
    'Takes the extractor that the type of the file asks for: metadata.mime, else the ending of metadata.path. Plain text is decoded.',
  source: 'the extractors of this package',
  reasons: [...reasons, 'no_extractor'],
  options: z.strictObject({
    html: z.enum(['html-text', 'gne']).default('html-text').describe('what reads HTML'),
    epub: z.enum(['epub-text', 'book-text']).default('epub-text').describe('what reads EPUB'),
    ...limits,
  }),
  create({ html, epub, ...budget }) {
    const own: { readonly [name: string]: typeof htmlText | typeof gne } = {
      'html-text': html === 'gne' ? gne : htmlText,
      'epub-text': epub === 'book-text' ? bookText : epubText,
      'pdf-text': pdfText,
      'docx-text': docxText,
      'latex-text': latexText,
    } as unknown as { readonly [name: string]: typeof htmlText }
    const made = new Map(Object.entries(own).map(([name, factory]) => [name, factory(budget)]))
    return async (text, document, count) => {
      const { mime, path } = document.metadata
      const type = typeof mime === 'string' ? mime : typeof path === 'string' ? mediaTypeOf(path) : undefined
      const name = extractorOf(type?.split(';')[0].trim().toLowerCase())
      if (name === undefined)
        return { reason: 'no_extractor', metadata: { error: `${document.id}: ${type ?? 'unknown type'}` } }
      count(name)
      if (name === 'plain') return plainText(document, budget.maxBytes)
      return made.get(name)?.apply(text, document, count)
    }
  },
})

async function plainText(document: Document, maxBytes: number): Promise<Outcome> {
  try {
    return { text: textOfSource(await sourceOf(document, maxBytes)) }
  } catch (error) {
    return { reason: 'extraction_failed', metadata: { error: (error as Error).message } }
  }
}
