// A thread of a system under test: takes samples from shared memory, answers them, and says there when it did. Plain
// JavaScript, because worker threads load this very file.
import { parentPort, workerData } from 'node:worker_threads'

const { state, indices, doneAt, done, module, data, spin } = workerData
const [ISSUED, TAKEN, STOP] = [0, 1, 2]
const capacity = indices.length

/** The number of the next sample that nobody has taken, or -1 when no more will come. */
function take() {
  for (;;) {
    const taken = Atomics.load(state, TAKEN)
    const issued = Atomics.load(state, ISSUED)
    if (taken !== issued) {
      if (Atomics.compareExchange(state, TAKEN, taken, taken + 1) === taken) return taken
    } else if (Atomics.load(state, STOP) !== 0) return -1
    // A time limit, since a stop that comes between the question and the wait changes nothing that wakes.
    else if (!spin) Atomics.wait(state, ISSUED, issued, 100)
  }
}

try {
  const { default: setUp } = await import(module)
  const answer = await setUp(data)
  parentPort.postMessage({ ready: true })
  for (let number = take(); number >= 0; number = take()) {
    const slot = number % capacity
    const waiting = answer(indices[slot])
    if (waiting !== undefined) await waiting
    doneAt[slot] = process.hrtime.bigint()
    // After the time, which the driver reads once it sees this.
    Atomics.store(done, slot, number + 1)
    if (!spin) parentPort.postMessage({ done: true })
  }
  await answer.close?.()
} catch (error) {
  parentPort.postMessage({ error: error instanceof Error ? error.message : String(error) })
}
