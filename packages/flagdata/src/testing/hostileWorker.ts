import { parentPort } from 'node:worker_threads'
import type { FromExtraction, Job } from '../extract/sandbox.ts'

const send = (message: FromExtraction) => parentPort?.postMessage(message)

/** Speaks like the thread that extracts, and does what the document says. */
parentPort?.on('message', ({ source: { text } }: Job) => {
  send({ kind: 'started' })
  if (text === 'loop') for (;;);
  if (text === 'exit') process.exit(3)
  if (text === 'memory') {
    const kept: number[][] = []
    for (;;) kept.push(Array.from({ length: 100_000 }, (_, i) => i + kept.length))
  }
  if (text === 'throw') throw new Error('thrown')
  send({ kind: 'done', extracted: { text: `${text}, read` } })
})
