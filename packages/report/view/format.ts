import type { Cell, Estimate, Fact } from '../src/contract.ts'

export interface Quantity {
  readonly label: string
  readonly unit?: string
  readonly format?: 'number' | 'integer' | 'percent' | 'bytes'
}

const short = new Intl.NumberFormat('en', { maximumSignificantDigits: 4 })
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const tiny = new Intl.NumberFormat('en', { notation: 'scientific', maximumSignificantDigits: 3 })
const prefixes = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** A number for people; its unit, if any, stands elsewhere. */
export function formatNumber(value: number, format: Quantity['format'] = 'number'): string {
  if (format === 'percent') return `${(100 * value).toFixed(1)} %`
  if (format === 'integer') return whole.format(value)
  if (format === 'bytes') {
    const power = Math.min(5, Math.max(0, Math.floor(Math.log2(Math.abs(value) || 1) / 10)))
    return `${short.format(value / 1024 ** power)} ${prefixes[power]}`
  }
  const size = Math.abs(value)
  if (size >= 10_000) return whole.format(value)
  return size > 0 && size < 0.0001 ? tiny.format(value) : short.format(value)
}

export const formatInterval = ({ value, low, high }: Estimate, format?: Quantity['format']) =>
  `${formatNumber(value, format)} [${formatNumber(low, format)}, ${formatNumber(high, format)}]`

export const labelOf = ({ label, unit }: Quantity) => (unit ? `${label} (${unit})` : label)

export const isEstimate = (cell: Cell): cell is Estimate => typeof cell === 'object' && cell !== null

/** What a cell says, as text. */
export function formatCell(cell: Cell, format?: Quantity['format']): string {
  if (cell === null) return '–'
  if (typeof cell === 'number') return formatNumber(cell, format)
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no'
  return isEstimate(cell) ? formatInterval(cell, format) : cell
}

export const formatFact = ({ value }: Fact) => formatCell(value)
export const count = (n: number, one: string, many = `${one}s`) =>
  `${whole.format(n)} ${n === 1 ? one : many}`
