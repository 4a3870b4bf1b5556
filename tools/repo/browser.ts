import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'

const places = [
  process.env.FLAG_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]
const executablePath = places.find((path) => path !== undefined && existsSync(path))

/** Whether tests can open pages. `.ci/run` installs Chromium, and there its lack is a failure. */
export const hasBrowser = executablePath !== undefined
if (!hasBrowser) {
  const missing = 'No Chromium found: apt-get install chromium, or name one in FLAG_CHROMIUM.'
  if (process.env.CI) throw new Error(missing)
  console.warn(`${missing} Tests that open pages are left out.`)
}

/** A page from a file, and what went wrong in it: exceptions, messages of its console, requests beyond the file. */
export interface OpenedPage {
  readonly page: Page
  readonly problems: readonly string[]
}

interface PageOptions {
  readonly width?: number
  readonly height?: number
  readonly colorScheme?: 'light' | 'dark'
}

/** A headless Chromium; `open` waits until the report is drawn. */
export async function startBrowser(): Promise<{
  open(file: string, options?: PageOptions): Promise<OpenedPage>
  close(): Promise<void>
}> {
  const browser: Browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  return {
    async open(file, { width = 1280, height = 900, colorScheme = 'light' } = {}) {
      const page = await browser.newPage({ viewport: { width, height }, colorScheme })
      page.setDefaultTimeout(15_000)
      const problems: string[] = []
      page.on('pageerror', (error) => problems.push(`exception: ${error.message}`))
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text())
      })
      const url = pathToFileURL(file).href
      page.on('request', (request) => {
        if (request.url() !== url && !request.url().startsWith('data:'))
          problems.push(`asks for ${request.url()}`)
      })
      await page.goto(url)
      await page
        .waitForSelector('main', { timeout: 10_000 })
        .catch((error) => problems.push(`nothing is drawn: ${error.message}`))
      return { page, problems }
    },
    close: () => browser.close(),
  }
}
