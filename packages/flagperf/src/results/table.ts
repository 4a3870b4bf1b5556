/** Four digits, never an exponent; nothing at all is a dash. */
export function digits(value: number | null): string {
  if (value === null || value === 0) return '–'
  if (value > 0 && value < 0.001) return '< 0.001'
  const four = { minimumSignificantDigits: 4, maximumSignificantDigits: 4, useGrouping: false }
  return value.toLocaleString('en', four)
}

export const percent = (share: number, decimals = 1): string => `${(100 * share).toFixed(decimals)} %`

/** A Markdown table. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n')
}
