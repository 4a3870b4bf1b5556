/** A number with a fixed count of decimals, as `std::fixed` writes it. */
export const fixed = (value: number, decimals = 2): string => value.toFixed(decimals)

/** A number as a C++ stream writes it by default: six significant digits, as printf's `%g`. */
export function general(value: number): string {
  if (value === 0) return '0'
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'
  const [mantissa, exponent] = value.toExponential(5).split('e')
  const power = Number(exponent)
  const trimmed = (text: string) => (text.includes('.') ? text.replace(/\.?0+$/, '') : text)
  if (power < -4 || power >= 6) {
    const digits = String(Math.abs(power)).padStart(2, '0')
    return `${trimmed(mantissa)}e${power < 0 ? '-' : '+'}${digits}`
  }
  return trimmed(value.toFixed(5 - power))
}
