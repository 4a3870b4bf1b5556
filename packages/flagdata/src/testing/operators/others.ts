import { keep, type OperatorCase, of, words } from './operatorCase.ts'

/** Filters and modifiers of other sources. */
export const otherCases: readonly OperatorCase[] = [
  ...of(
    'bad-words',
    { options: { badWords: ['Damn', 'two words'] }, text: 'Well, DAMN!', expected: { reason: 'bad_words' } },
    { options: { badWords: ['damn'] }, text: 'damnation and goddamn', expected: keep },
    { options: { badWords: ['坏'], language: 'zh' }, text: '好坏好', expected: { reason: 'bad_words' } },
    { options: { badWords: ['damn'], keepFraction: 1 }, text: 'damn', expected: keep },
    { text: 'A perfectly clean sentence.', expected: keep },
  ),
  ...of(
    'image-text',
    { text: 'a red kite', metadata: { original_width: 300, original_height: 200 }, expected: keep },
    { text: 'red kite', expected: { reason: 'too_few_words', value: 2, limit: 3 } },
    { text: 'a b c', expected: { reason: 'too_few_characters', value: 5, limit: 6 } },
    {
      text: 'a red kite',
      metadata: { original_width: 199, original_height: 400 },
      expected: { reason: 'image_too_small', value: 199, limit: 200 },
    },
    {
      text: 'a red kite',
      metadata: { original_width: 1000, original_height: 250 },
      expected: { reason: 'aspect_ratio_too_high', value: 4, limit: 3 },
    },
    { text: 'a red kite', expected: { reason: 'image_size_missing' } },
    {
      options: { english: true, requireSize: false },
      text: 'a red kite in the sky',
      expected: keep,
    },
    {
      options: { english: true, requireSize: false },
      text: 'ein roter Drachen am Himmel',
      expected: { reason: 'not_english' },
    },
  ),
  ...of(
    'refinedweb-lines',
    { text: `${words(60)}\n3 likes\n`, expected: { text: words(60) } },
    {
      text: 'HOME ABOUT US\nA line of prose.',
      expected: { reason: 'too_many_words_removed', value: 3 / 7, limit: 0.05 },
    },
    { text: '12345', expected: { reason: 'no_lines_left' } },
    {
      text: `${words(60)}\n\nIt goes on here. Read more...`,
      expected: { text: `${words(60)}\n\nIt goes on here.` },
    },
    { text: 'Nothing to take out here.', expected: keep },
  ),
  ...of(
    'regex',
    { options: { regexExp: 'secret|token' }, text: 'a token', expected: { reason: 'regex_match' } },
    {
      options: { regexExp: '^\\p{Lu}', removeIf: 'no-match' },
      text: 'lower',
      expected: { reason: 'no_regex_match' },
    },
    { options: { regexExp: 'SECRET', ignoreCase: true }, text: 'no', expected: keep },
  ),
  ...of(
    'sampler',
    { options: { rate: 1 }, text: '', expected: keep },
    {
      options: { rate: 0.5, seed: 42, by: 'stream' },
      text: '',
      expected: { reason: 'not_sampled', value: 0.7739560485559633, limit: 0.5 },
    },
  ),
  ...of(
    'unigram-log-prob',
    { text: 'the cat is on the mat and we like it', expected: keep },
    {
      text: 'qwzx vbnmk plokij zzxq',
      expected: { reason: 'unigram_log_prob_too_low', value: Math.log(1e-9), limit: -10 },
    },
  ),
  ...of(
    'symbol-lines',
    { text: 'a\n-----\n= = =\nb', expected: { text: 'a\nb' } },
    { options: { replaceChar: '\n' }, text: 'a\n***\n---\nb', expected: { text: 'a\n\n\nb' } },
    { text: 'a - b\n\n  ', expected: keep },
  ),
  ...of(
    'fix-text',
    { text: 'sÃ³ &amp; âœ”', expected: { text: 'só & ✔' } },
    { text: 'voilÃ le travail', expected: { text: 'voilà le travail' } },
    { options: { uncurlQuotes: true, fixCharacterWidth: true }, text: '“Ａ”', expected: { text: '"A"' } },
    { text: 'CAFÉ™ “É” Ångström <b>&amp;</b>', expected: keep },
    { text: 'a\ud83d b\u0007', expected: { text: 'a\ufffd b' } },
  ),
  ...of(
    'normalise-text',
    { text: 'e\u0301', expected: { text: 'é' } },
    {
      options: { form: 'NFKC', whitespace: true, quotes: true },
      text: '“ﬁ”  x \r\n\r\n\r\n\r\ny ',
      expected: { text: '"fi" x\n\ny' },
    },
    { options: { form: null }, text: 'e\u0301', expected: keep },
  ),
  ...of(
    'simplify-text',
    { text: 'Héllo, World 12.5!', expected: { text: 'hello world 0' } },
    { text: 'plain', expected: keep },
  ),
]
