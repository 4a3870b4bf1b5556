// The other end of a session in a worker thread or a child process: calls in, replies out, one after another.
import { parentPort } from 'node:worker_threads'
import { createSessionCore, transferables } from './session-core.mjs'

const core = createSessionCore()
const send = (reply) =>
  parentPort ? parentPort.postMessage(reply, transferables(reply.value)) : process.send?.(reply)

let queue = Promise.resolve()

function receive({ id, method, request }) {
  queue = queue.then(async () => {
    try {
      send({ id, value: await core[method](request) })
    } catch (error) {
      send({ id, error: error instanceof Error ? error.message : String(error) })
    }
  })
}

if (parentPort) parentPort.on('message', receive)
else {
  process.on('message', receive)
  process.on('disconnect', () => process.exit())
}
