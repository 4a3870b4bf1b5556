import { once } from 'node:events'
import { FlagError } from '@flag/core-tensor'
import { printJson, type Terminal } from '@flag/core-tensor/terminal'
import { isLmEvalFile, loadTasks } from '../lmEval/index.ts'
import { answering } from '../serve/answering.ts'
import type { RunningServer } from '../serve/listen.ts'
import { retrievalTasks } from '../serve/retrievalTask.ts'
import { serve } from '../serve/server.ts'
import { Store } from '../serve/store.ts'
import { findTasks } from '../tasks/task.ts'
import { type LanguageOptions, openLanguage } from './languageCommands.ts'

function wholeNumber(text: string, name: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value
  throw new FlagError('invalid-argument', `--${name} is "${text}", expected a whole number`)
}

/** `flageval serve`: runs until it is told to stop. */
export async function serveCommand(
  terminal: Terminal,
  options: {
    task: string[]
    database: string
    port: string
    host: string
    languages?: string[]
    allowCode?: boolean
  },
): Promise<void> {
  const { database, host, allowCode } = options
  const prompted = options.task.filter(isLmEvalFile)
  const others = findTasks(options.task.filter((name) => !prompted.includes(name)))
  const languages = options.languages?.flatMap((text) => text.split(',')).filter(Boolean)
  const retrieval = others.map((task) =>
    retrievalTasks(
      task,
      task.languages.filter((language) => languages?.includes(language) ?? true),
    ),
  )
  const tasks = [...(await loadTasks(prompted)), ...(await Promise.all(retrieval)).flat()]
  const server = await serve({ database, tasks, host, allowCode, port: wholeNumber(options.port, 'port') })
  await untilToldToStop(terminal, server)
}

/** Says where a server listens, waits for a signal to end, and closes the server. */
async function untilToldToStop(terminal: Terminal, server: RunningServer): Promise<void> {
  terminal.out(`${server.url}\n`)
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  await server.close()
}

/** `flageval answer`: runs until it is told to stop. */
export async function answerCommand(
  terminal: Terminal,
  options: LanguageOptions & { port: string; host: string },
): Promise<void> {
  const port = wholeNumber(options.port, 'port')
  const model = await openLanguage(options)
  try {
    await untilToldToStop(terminal, await answering(model, { port, host: options.host }))
  } finally {
    await model.dispose()
  }
}

/** `flageval team`: adds a team and prints its token, once. */
export async function teamCommand(
  terminal: Terminal,
  name: string,
  options: { database: string; quota: string; json?: boolean },
): Promise<void> {
  const store = await Store.open(options.database)
  try {
    const token = await store.addTeam(name, wholeNumber(options.quota, 'quota'))
    if (options.json) printJson(terminal, { team: name, token })
    else terminal.out(`${token}\n`)
  } finally {
    store.close()
  }
}
