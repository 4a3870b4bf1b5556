import type { Json } from '../document.ts'

/** What a step must do with a text: remove it for a reason, make another text of it, or keep it. */
export interface OperatorCase {
  step: string
  options?: { [option: string]: Json }
  text: string
  metadata?: { [key: string]: Json }
  /** `{reason}` for a removal, `{text}` for a change, `keep` for neither. */
  expected: 'keep' | { reason: string; value?: number; limit?: number } | { text: string }
}

const of = (step: string, ...cases: Omit<OperatorCase, 'step'>[]): OperatorCase[] =>
  cases.map((it) => ({ step, ...it }))

const keep = 'keep' as const
const words = (count: number, word = 'word') =>
  Array.from({ length: count }, (_, i) => `${word}${i}`).join(' ')

/** At least two cases for every operator of FlagData, and for the filters and modifiers beside them. */
export const operatorCases: readonly OperatorCase[] = [
  // Filters of FlagData.
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

  // Pruners of FlagData.
  ...of(
    'catalogue-pruner',
    {
      text: '前言\n第一章 起点\n\n第二章 中途\n第三章 终点\n\n正文从这里开始。',
      expected: { text: '前言\n\n正文从这里开始。' },
    },
    { text: 'Chapter 1\nChapter 2\nand then the text.', expected: keep },
    { text: '1. One\n2. Two\n3. Three', expected: { text: '' } },
    {
      options: { consecutiveThreshold: 2 },
      text: 'Intro ............ 3\nEnd ............ 9\ntext',
      expected: { text: 'text' },
    },
  ),
  ...of(
    'chinese-conversion-pruner',
    { text: '汉字和软件', expected: { text: '漢字和軟件' } },
    { options: { mode: 's2twp' }, text: '鼠标和内存', expected: { text: '滑鼠和記憶體' } },
    { options: { mode: 't2jp' }, text: '圖書館', expected: { text: '図書館' } },
    { text: 'plain', expected: keep },
  ),
  ...of(
    'consecutive-newlines-pruner',
    { text: 'a\n\n\n\nb', expected: { text: 'a\n\nb' } },
    { text: 'a\n\nb', expected: keep },
    { text: 'a\r\n\r\n\r\nb', expected: { text: 'a\n\nb' } },
  ),
  ...of(
    'control-char-pruner',
    { text: 'a\u0000b\u0007\nc\u0085', expected: { text: 'ab\nc' } },
    { text: 'a\nb', expected: keep },
  ),
  ...of(
    'copyright-pruner',
    { text: '/* Copyright 2020\n by me */\nint x; /* fine */', expected: { text: '\nint x; /* fine */' } },
    { text: '# Copyright me\nprint(1)\n-- copyright x\n// ok', expected: { text: 'print(1)\n// ok' } },
    { text: 'Copyright stays outside of comments. /* copyright', expected: keep },
  ),
  ...of(
    'email-pruner',
    { text: 'mail a.b+c@x-y.co.uk, now', expected: { text: 'mail , now' } },
    { text: 'a@b and @c.d', expected: keep },
    { options: { replacement: '[mail]' }, text: 'x@y.com.1', expected: { text: '[mail].1' } },
  ),
  ...of(
    'end-at-last-punctuation-pruner',
    { text: '第一句。第二句没有', expected: { text: '第一句。' } },
    { text: 'no end', expected: { reason: 'no_sentence_end' } },
    { text: '他说：“好。”然后', expected: { text: '他说：“好。”' } },
    { text: 'It is. Pi is 3.14 and', expected: { text: 'It is.' } },
    { text: 'Whole.', expected: keep },
  ),
  ...of(
    'figure-table-caption-pruner',
    { text: 'text\n图 1-2 结构\n  Table 3\nmore', expected: { text: 'text\nmore' } },
    { text: '  Table 3 shows that it works', expected: keep },
    { text: 'figure 2.1 Overview', expected: { text: '' } },
  ),
  ...of(
    'ip-pruner',
    { text: 'from 8.8.8.8, and 10.0.0.1:80.', expected: { text: 'from , and :80.' } },
    { text: 'version 1.2.3.456 or 1.2.3.4.5 or 300.1.1.1', expected: keep },
    { text: 'at 2001:0db8:85a3:0000:0000:8a2e:0370:7334 and fe80::1:2', expected: { text: 'at  and ' } },
    { text: 'std::vector a::b 12:30:45', expected: keep },
  ),
  ...of(
    'latex-macro-expander-pruner',
    {
      text: '\\newcommand{\\R}{\\mathbb{R}}\n$x \\in \\R\\R$',
      expected: { text: '\\newcommand{\\R}{\\mathbb{R}}\n$x \\in \\mathbb{R}\\mathbb{R}$' },
    },
    { text: '\\def\\a{\\b x}\\def\\b{y}\n\\a.', expected: { text: '\\def\\a{\\b x}\\def\\b{y}\ny x.' } },
    { text: '\\newcommand{\\v}[1]{\\mathbf{#1}} \\v{x} \\vec', expected: keep },
  ),
  ...of(
    'link-pruner',
    { text: 'See https://a.com/b?c=d#e.', expected: { text: 'See .' } },
    { text: '网址http://例子.com/页。下一句', expected: { text: '网址页。下一句' } },
    { text: 'no link: http:// or a.com', expected: keep },
    { text: 'ftp://user@host:21/x and http://a.com?q=1', expected: { text: ' and ' } },
  ),
  ...of(
    'non-chinese-char-pruner',
    { text: '中文 abc 123 😀é！?\n下', expected: { text: '中文 abc 123 ！?\n下' } },
    {
      options: { keepAlphabet: false, keepNumber: false, keepPunc: false },
      text: '中a1，文',
      expected: { text: '中文' },
    },
    { text: '𠀀字', expected: keep },
  ),
  ...of(
    'punctuation-normalization-pruner',
    { text: '「你好，世界！」１…', expected: { text: '"你好,世界!"1...' } },
    { text: 'plain, text!', expected: keep },
  ),
  ...of(
    'unicode-pruner',
    { text: ' a\u3000b\u00a0c\r\nd，e ', expected: { text: 'a b c\nd,e' } },
    { text: 'a b', expected: keep },
  ),
  ...of(
    'repeat-sentence-pruner',
    { text: 'It rains. It rains. It pours.', expected: { text: 'It rains. It pours.' } },
    { text: '今天下雨。明天晴。今天下雨。', expected: { text: '今天下雨。明天晴。' } },
    { text: 'Он ушёл. Она пришла.\n\nЕ. Е.', expected: keep },
    { text: 'Costs 3.5 here and\ncosts 3.7 there.', expected: keep },
    { options: { lowercase: true }, text: 'Yes we do! YES WE DO?', expected: { text: 'Yes we do!' } },
  ),
  ...of(
    'replace-pruner',
    { options: { pattern: 'a(.)', repl: '<$1>' }, text: 'ab ac', expected: { text: '<b> <c>' } },
    { options: { pattern: ['x', 'y'], repl: ['y', 'z'] }, text: 'xy', expected: { text: 'zz' } },
    { text: 'nothing to do', expected: keep },
  ),
  ...of(
    'specific-pattern-pruner',
    { options: { patterns: ['@article', '.*'] }, text: 'a\nb @article{x}\nc', expected: { text: 'a\nc' } },
    { options: { patterns: ['.*'] }, text: 'a\nb', expected: keep },
  ),
  ...of(
    'table-pruner',
    { text: 'a\tb\tc\nreal text here\n1  2  3  4\n', expected: { text: 'real text here\n' } },
    { text: 'two\tcells and  more'.slice(0, 9), expected: keep },
    { options: { maxCol: 3 }, text: 'a\tb\tc\td', expected: keep },
  ),

  // FlagData's cleaners.
  ...of(
    'text-cleaner',
    {
      text: 'This one sentence here is just enough text for all that follows\nin it, and for this.\n\n\nAnd@article {x}\nThe\u3000end is near. cut',
      expected: {
        text: 'This one sentence here is just enough text for all that follows\nin it, and for this.\nThe end is near.',
      },
    },
    { text: 'a\nb\nc\nd', expected: { reason: 'newline_proportion_too_high', value: 0.75, limit: 0.25 } },
    { text: '1 2 3.5 word', expected: { reason: 'number_ratio_too_high', value: 3, limit: 0.5 } },
    { text: 'no end at all', expected: { reason: 'no_sentence_end' } },
    { options: { steps: ['removeUnwantedLines'] }, text: 'a\n\n\nb', expected: { text: 'a\nb' } },
  ),
  ...of(
    'simplified-filter',
    { text: '漢字和軟體', expected: { text: '汉字和软体' } },
    { text: '汉字', expected: keep },
  ),
  ...of(
    'symbol-filter',
    { text: 'Hi 😀👍🏽 👩‍👩‍👧 ☀️!\u0007', expected: { text: 'Hi   !' } },
    { text: 'a\tb\n© → می‌خواهم 12', expected: keep },
    { options: { filterEmoji: false }, text: '😀\u200e', expected: { text: '😀' } },
    { options: { filterControl: false }, text: '😀\u200ex', expected: { text: '\u200ex' } },
  ),
  ...of(
    'text-cleaner-v1',
    { text: '微信：abc_123 电话: 010-62345678，手机13812345678', expected: { text: '，手机' } },
    {
      text: '身份证11010519491231002X，编号110105194912310021',
      expected: { text: '身份证，编号110105194912310021' },
    },
    { text: '人口 1400000000 人，成立于 1949 年', expected: keep },
    {
      text: 'See https://a.com/x now\n\n\nand\u3000\u3000me@x.org &amp; 8.8.8.8',
      expected: { text: 'See now\nand & '.trimEnd() },
    },
  ),
  ...of(
    'text-integrity-checker',
    { text: 'too short.', expected: { reason: 'text_too_short', value: 9, limit: 16 } },
    {
      text: 'First line is long enough.\nSecond line ends. rest',
      expected: { text: 'First line is long enough.\nSecond line ends. '.trim() },
    },
    { text: 'a text without any end of it', expected: { reason: 'no_sentence_end' } },
    {
      options: { doEndClip: false },
      text: 'One mark alone is not enough.',
      expected: { reason: 'no_whole_sentence' },
    },
    { options: { doEndClip: false }, text: '这句话有逗号，也有句号，而且足够长了吧。', expected: keep },
  ),

  // Filters and modifiers of other sources.
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
