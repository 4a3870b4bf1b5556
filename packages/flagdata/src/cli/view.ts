import { join } from 'node:path'
import type { Terminal } from '@flag/core-tensor/terminal'
import { writeReport } from '@flag/report'
import type { Command } from 'commander'
import { wholeNumber } from './execute.ts'
import { pageOf } from './page.ts'

/** Opens a file in the default browser; false if there is none to be found. */
async function openInBrowser(file: string): Promise<boolean> {
  const { default: open } = await import('open')
  const child = await open(file)
  return new Promise((resolve) => {
    child.once('error', () => resolve(false)).once('exit', (code) => resolve(code === 0))
    // Some programs that open files stay for as long as the browser is there.
    setTimeout(() => resolve(true), 3000)
  })
}

/** `flagdata report` and `flagdata view`: a run as a page. */
export function addPages(program: Command, terminal: Terminal): void {
  const withSample = (command: Command) =>
    command
      .option('--count <n>', 'removed and changed documents of every kind', wholeNumber(1), 50)
      .option('--seed <n>', 'chooses them', wholeNumber(0), 0)

  withSample(
    program
      .command('report')
      .description('write a run as a page: what each step removed and why, with documents to look into')
      .argument('<output>', 'folder that a run wrote')
      .requiredOption('--html <file>', 'page to write: one file that opens in any browser'),
  )
    .addHelpText('after', '\nExample:\n  flagdata report clean --html clean.html')
    .action(async (folder, options) => writeReport(options.html, await pageOf(folder, options)))

  withSample(
    program
      .command('view')
      .description('open the page of a run in the browser')
      .argument('<output>', 'folder that a run wrote'),
  )
    .addHelpText('after', '\nExample:\n  flagdata view clean')
    .action(async (folder, options) => {
      const html = join(folder, '.flagdata', 'report.html')
      await writeReport(html, await pageOf(folder, options))
      const opened = await openInBrowser(html)
      terminal.err(opened ? `${html}\n` : `no browser was found: open ${html}\n`)
    })
}
