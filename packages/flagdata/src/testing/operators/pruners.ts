import { keep, type OperatorCase, of } from './operatorCase.ts'

/** The pruners of FlagData. */
export const prunerCases: readonly OperatorCase[] = [
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
]
