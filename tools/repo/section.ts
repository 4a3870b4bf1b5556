import { readFile, writeFile } from 'node:fs/promises'

/** Replaces what stands between `<!-- name:start -->` and `<!-- name:end -->` in a Markdown file. */
export async function writeSection(file: string | URL, name: string, text: string): Promise<void> {
  const page = await readFile(file, 'utf8')
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`]
  const [from, to] = [page.indexOf(start), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${file} lacks the lines ${start} and ${end}, in this order`)
  await writeFile(file, `${page.slice(0, from + start.length)}\n\n${text.trim()}\n\n${page.slice(to)}`)
}

/** A Markdown table. */
export const markdownTable = (headers: readonly string[], rows: readonly (readonly string[])[]): string =>
  [headers, headers.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
