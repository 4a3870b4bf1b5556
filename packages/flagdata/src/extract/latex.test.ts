import { describe, expect, it } from 'vitest'
import { extractLatex } from './latex.ts'

const read = (text: string, expandMacros = true) =>
  (extractLatex({ name: 'paper', text }, { expandMacros }) as { text: string }).text

describe('LaTeX', () => {
  it('is cut before the first section and from the bibliography on (RedPajama)', () => {
    const paper = '\\documentclass{article}\\title{T}\n\\begin{document}\n\\section*{One}\nBody.\n'
    for (const end of [
      '\\appendix',
      '\\begin{thebibliography}{9}',
      '\\begin{REFERENCES}',
      '\\bibliography{refs}',
    ])
      expect(read(`${paper}${end}\nafter`)).toBe('\\section*{One}\nBody.')
    for (const begin of [
      '\\chapter[S]{L}',
      '\\part{P}',
      '\\subsubsection{S}',
      '\\paragraph{P}',
      '\\subparagraph{P}',
    ])
      expect(read(`before ${begin} text`)).toBe(`${begin} text`)
    expect(read('\\begin{document}No section.\\end{document}')).toBe('')
    expect(read('\\section{A}\\appendixname stays')).toBe('\\section{A}\\appendixname stays')
  })

  it('loses comments and keeps percent signs (RedPajama)', () => {
    expect(
      read(
        '% \\section{in a comment}\nx\n\\section{A}\n% line\nhalf a\\%b % rest\nend.%\n\\\\% after a break\n',
      ),
    ).toBe('\\section{A}\nhalf a\\%b\nend.\n\\\\')
  })

  it('writes macros without arguments out, also inside each other, and no others (FlagData: ArxivCleaner)', () => {
    const macros =
      '\\newcommand{\\eps}{\\varepsilon}\n\\newcommand*{\\R}{\\mathbb{R}}\n\\def\\Re{\\R^{\\eps}}\n\\newcommand{\\two}[2]{#1#2}\n\\newcommand{\\name}{Müller}\n'
    expect(read(`${macros}\\section{S} $x \\in \\Re$, \\epsilon, \\two{a}{b}, \\name.`)).toBe(
      '\\section{S} $x \\in \\mathbb{R}^{\\varepsilon}$, \\epsilon, \\two{a}{b}, Müller.',
    )
    expect(read(`${macros}\\section{S} \\eps`, false)).toBe('\\section{S} \\eps')
    expect(read('\\section{S}\n\\newcommand{\\a}{b}\n\\a')).toBe('\\section{S}\n\\newcommand{\\a}{b}\nb')
  })

  it('ends with macros that contain themselves or grow without end', () => {
    expect(read('\\def\\a{\\b}\\def\\b{\\a}\\section{S} \\a')).toMatch(/^\\section\{S\} \\[ab]$/)
    const names = Array.from(
      { length: 40 },
      (_, i) => `\\m${String.fromCharCode(97 + (i % 26), 97 + Math.floor(i / 26))}`,
    )
    const bomb = names.map((name, i) => `\\def${name}{${(names[i + 1] ?? 'x').repeat(10)}}`).join('\n')
    expect(read(`${bomb}\n\\section{S} ${names[0]}`).length).toBeLessThan(5 * bomb.length + 10_000)
  })

  it('takes hostile text in linear time', () => {
    for (const text of ['\\section', '{', '%', '\\', '\\def\\a{', '\\newcommand{\\a}{\n'])
      expect(read(`\\section{S}${text.repeat(3e4)}`).length).toBeLessThanOrEqual(11 + text.length * 3e4)
  })
})
