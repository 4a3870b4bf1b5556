import { keep, type OperatorCase, of } from './operatorCase.ts'

/** FlagData's cleaners. */
export const cleanerCases: readonly OperatorCase[] = [
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
]
