import { parentPort } from 'node:worker_threads'
import type { Extract } from './extractor.ts'
import { extractors } from './extractors.ts'
import type { FromExtraction, Job } from './sandbox.ts'

const send = (message: FromExtraction) => parentPort?.postMessage(message)
const loaded = new Map<string, Promise<Extract>>()

parentPort?.on('message', async ({ extractor, source, options }: Job) => {
  try {
    const load = loaded.get(extractor) ?? extractors[extractor]()
    loaded.set(extractor, load)
    const extract = await load
    // The time budget is the document's: it begins when everything is loaded.
    send({ kind: 'started' })
    send({ kind: 'done', extracted: await extract(source, options) })
  } catch (error) {
    const { message } = error instanceof Error ? error : new Error(String(error))
    send({ kind: 'failed', message })
  }
})
