import { keep, type OperatorCase, of, words } from './operatorCase.ts'

/** The filters of FlagData. */
export const filterCases: readonly OperatorCase[] = [
  ...of(
    'text-length-filter',
    { text: 'nine char', expected: { reason: 'text_length_too_low', value: 9, limit: 10 } },
    { text: '😀😀😀😀😀😀😀😀😀😀', expected: keep },
    {
      options: { maxLength: 12 },
      text: 'thirteen long',
      expected: { reason: 'text_length_too_high', value: 13, limit: 12 },
    },
    { text: '', expected: { reason: 'text_length_too_low', value: 0, limit: 10 } },
  ),
  ...of(
    'avg-line-length-filter',
    { text: 'short\nlines', expected: { reason: 'avg_line_length_too_low', value: 5, limit: 10 } },
    { text: 'a line of thirty characters ..\nx', expected: keep },
    { text: '', expected: { reason: 'avg_line_length_too_low', value: 0, limit: 10 } },
  ),
  ...of(
    'max-line-length-filter',
    { text: 'short\nlines', expected: { reason: 'max_line_length_too_low', value: 5, limit: 10 } },
    {
      options: { maxLength: 20 },
      text: 'x'.repeat(21),
      expected: { reason: 'max_line_length_too_high', value: 21, limit: 20 },
    },
    { text: 'ten letter\nx', expected: keep },
  ),
  ...of(
    'word-num-filter',
    {
      options: { language: 'en' },
      text: words(9),
      expected: { reason: 'word_num_too_low', value: 9, limit: 10 },
    },
    { text: '我们今天去北京大学参观图书馆和博物馆，还看了电影', expected: keep },
    { text: 'only 北京', expected: { reason: 'word_num_too_low', value: 2, limit: 10 } },
    {
      options: { language: 'en', minWords: 2 },
      text: 'one\n\n\n',
      expected: { reason: 'word_num_too_low', value: 1, limit: 2 },
    },
  ),
  ...of(
    'alphanumeric-ratio-filter',
    { text: 'abcdefghij', expected: { reason: 'alphanumeric_ratio_too_high', value: 1, limit: 0.8 } },
    { text: 'It is so: a cat, a hat.', expected: keep },
    {
      options: { minRatio: 0.5 },
      text: '?!?! a',
      expected: { reason: 'alphanumeric_ratio_too_low', value: 1 / 6, limit: 0.5 },
    },
    { options: { maxRatio: 1, minRatio: 1 }, text: 'Ёжик中文９', expected: keep },
  ),
  ...of(
    'special-character-ratio-filter',
    { text: '→→★ a', expected: { reason: 'special_character_ratio_too_high', value: 0.6, limit: 0.25 } },
    { text: 'plain text (with marks).', expected: keep },
    {
      options: { addMath: true },
      text: 'x = 12 + 3',
      expected: { reason: 'special_character_ratio_too_high', value: 0.9, limit: 0.25 },
    },
    {
      options: { characters: ['x'] },
      text: 'xxab',
      expected: { reason: 'special_character_ratio_too_high', value: 0.5, limit: 0.25 },
    },
    {
      options: { addEmoji: true },
      text: '😀a😀b',
      expected: { reason: 'special_character_ratio_too_high', value: 0.5, limit: 0.25 },
    },
  ),
  ...of(
    'field-value-filter',
    {
      options: { keyPath: 'meta.lang', validValues: ['zh'] },
      text: '',
      metadata: { meta: { lang: 'zh' } },
      expected: keep,
    },
    {
      options: { keyPath: 'meta.lang', validValues: ['zh'] },
      text: '',
      metadata: { meta: { lang: 'en' } },
      expected: { reason: 'field_value_not_valid' },
    },
    {
      options: { keyPath: 'tags', validValues: ['a', 3] },
      text: '',
      metadata: { tags: ['b', 3] },
      expected: keep,
    },
    {
      options: { keyPath: 'constructor', validValues: ['a'] },
      text: '',
      expected: { reason: 'field_missing' },
    },
  ),
  ...of(
    'numeric-field-value-filter',
    {
      options: { keyPath: 'score', minValue: 0.5 },
      text: '',
      metadata: { score: '0.25' },
      expected: { reason: 'field_value_too_low', value: 0.25, limit: 0.5 },
    },
    { options: { keyPath: 'score', minValue: 0.5 }, text: '', metadata: { score: 0.5 }, expected: keep },
    {
      options: { keyPath: 'score' },
      text: '',
      metadata: { score: null },
      expected: { reason: 'field_not_numeric' },
    },
    {
      options: { keyPath: 'score' },
      text: '',
      metadata: { score: 'nan' },
      expected: { reason: 'field_not_numeric' },
    },
    {
      options: { keyPath: 'score.x' },
      text: '',
      metadata: { score: 1 },
      expected: { reason: 'field_missing' },
    },
  ),
  ...of(
    'suffix-filter',
    {
      options: { fieldKey: 'file', allowedSuffixes: '.txt' },
      text: '',
      metadata: { file: 'a.txt' },
      expected: keep,
    },
    {
      options: { fieldKey: 'file', allowedSuffixes: ['.txt', '.md'] },
      text: '',
      metadata: { file: 'a.pdf' },
      expected: { reason: 'suffix_not_allowed' },
    },
    {
      options: { fieldKey: 'file', allowedSuffixes: ['.txt'] },
      text: '',
      metadata: { file: 3 },
      expected: { reason: 'field_missing' },
    },
  ),
  ...of(
    'flagged-words-ratio-filter',
    {
      options: { flaggedWordsList: ['Bad'], language: 'en' },
      text: 'a bad bad BAD dog',
      expected: { reason: 'flagged_words_ratio_too_high', value: 0.6, limit: 0.045 },
    },
    {
      options: { flaggedWordsList: ['坏蛋'] },
      text: '他是一个坏蛋',
      expected: { reason: 'flagged_words_ratio_too_high', value: 0.25, limit: 0.045 },
    },
    { options: { flaggedWordsList: ['bad'], language: 'en' }, text: 'badly badge', expected: keep },
  ),
  ...of(
    'stopword-ratio-filter',
    { options: { language: 'en' }, text: 'the cat is on the mat', expected: keep },
    {
      options: { language: 'en' },
      text: 'SKU 4711 blue plastic chair Ikea',
      expected: { reason: 'stopword_ratio_too_low', value: 0, limit: 0.3 },
    },
    { text: '这是我的和你们的', expected: keep },
    { options: { stopwordsList: ['cat'], language: 'en', minRatio: 0.5 }, text: 'Cat dog', expected: keep },
  ),
  ...of(
    'word-repetition-filter',
    {
      options: { language: 'en', ngramLength: 2 },
      text: 'a b a b a b',
      expected: { reason: 'word_repetition_too_high', value: 1, limit: 0.5 },
    },
    { options: { language: 'en' }, text: words(30), expected: keep },
    { options: { language: 'en' }, text: 'too few words', expected: keep },
  ),
  ...of(
    'actionable-verb-num-filter',
    { options: { language: 'en' }, text: 'Write a poem.', expected: keep },
    {
      options: { language: 'en' },
      text: 'The red apple on the table',
      expected: { reason: 'verb_num_too_low', value: 0, limit: 1 },
    },
    { options: { language: 'zh' }, text: '写一首关于春天的诗', expected: keep },
    {
      options: { language: 'zh' },
      text: '红色的苹果',
      expected: { reason: 'verb_num_too_low', value: 0, limit: 1 },
    },
    {
      options: { minVerbs: 3 },
      text: 'Delete the file and 重启服务器',
      expected: { reason: 'verb_num_too_low', value: 2, limit: 3 },
    },
  ),
  ...of(
    'language-confidence-filter',
    { text: 'This is a sentence in plain English, and so is the rest.', expected: keep },
    {
      options: { languages: 'en' },
      text: 'Où est la bibliothèque, et quand est-elle ouverte ?',
      expected: { reason: 'language_not_listed' },
    },
    {
      options: { languages: ['en', 'fr'] },
      text: 'Où est la bibliothèque, et quand est-elle ouverte ?',
      expected: keep,
    },
    { text: 'qq 12 zz', expected: { reason: 'language_confidence_too_low', limit: 0.8 } },
  ),
]
