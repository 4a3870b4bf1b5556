import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ReportError } from './errors.ts'

/** Where the data of a report goes in the page. */
export const dataMark = '<!--report-->'

let read: string | undefined

/** The page without data. It lies beside the bundle; from sources it is built when it is first asked for. */
export function page(): string {
  read ??= existsSync(new URL('./page.html', import.meta.url))
    ? readFileSync(new URL('./page.html', import.meta.url), 'utf8')
    : built()
  return read
}

function built(): string {
  const script = fileURLToPath(new URL('../page.mjs', import.meta.url))
  if (!existsSync(script)) {
    throw new ReportError('missing-page', `${script}: @flag/report lacks its page`, {
      hint: 'install @flag/report again',
    })
  }
  return execFileSync(process.execPath, [script], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}
