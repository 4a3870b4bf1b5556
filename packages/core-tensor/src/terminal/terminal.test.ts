import { expect, test } from 'vitest'
import { columns, LiveLine, printable, textWidth } from './index.ts'

test('texts are aligned by the columns that they take', () => {
  expect(textWidth('红伞 ok')).toBe(7)
  expect(textWidth('e\u0301')).toBe(1)
  const rows = [
    ['红', '1'],
    ['abc', '10'],
  ]
  expect(columns(rows)).toBe('红   1\nabc  10')
  expect(columns(rows, (i) => i === 1)).toBe('红    1\nabc  10')
})

test('control characters of documents are shown, not obeyed', () => {
  expect(printable('a\x1b[2Kb\tc\nd\u202e')).toBe('a\u{fffd}[2Kb c\nd\u{fffd}')
})

test('a live line waits a second, draws ten times a second, and is wiped', () => {
  let [written, now] = ['', 0n]
  const terminal = (isInteractive: boolean) => ({
    out() {},
    err(text: string) {
      written += text
    },
    isInteractive,
  })
  const line = new LiveLine(terminal(true), () => now)
  const drawnAt = (milliseconds: bigint, isLast = false) => {
    written = ''
    now = milliseconds * 1_000_000n
    line.show((seconds) => `${seconds} s`, isLast)
    return written
  }
  expect(drawnAt(999n)).toBe('')
  expect(drawnAt(1500n)).toBe('\r\x1b[2K1.5 s')
  expect(drawnAt(1599n)).toBe('')
  expect(drawnAt(1599n, true)).toBe('\r\x1b[2K1.599 s')
  written = ''
  line.end()
  line.end()
  expect(written).toBe('\r\x1b[2K')
  written = ''
  const unseen = new LiveLine(terminal(false), () => now)
  now += 5_000_000_000n
  unseen.show(() => 'text')
  unseen.end()
  expect(written).toBe('')
})
