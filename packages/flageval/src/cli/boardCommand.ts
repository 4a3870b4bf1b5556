import type { Terminal } from '@flag/core-tensor/terminal'
import { writeReport } from '@flag/report'
import { boardPage } from '../board/board.ts'
import { openRuns } from '../board/openedRun.ts'

/** `flageval board`: runs as one page. */
export async function boardCommand(
  terminal: Terminal,
  folders: readonly string[],
  options: { out: string; samples: number },
): Promise<void> {
  const report = await boardPage(await openRuns(folders), { samples: options.samples })
  await writeReport(options.out, report)
  terminal.err(`${options.out}: ${folders.length} ${folders.length === 1 ? 'run' : 'runs'}\n`)
}
