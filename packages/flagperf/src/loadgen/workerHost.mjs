// A thread of a system under test: takes samples from shared memory, answers them, and says so there. Plain JavaScript,
// because worker threads load this very file.
import { parentPort, workerData } from 'node:worker_threads'

const { shared, capacity, module, data, spin } = workerData
const [ISSUED, TAKEN, STOP, HEAD] = [0, 1, 2, 3]
const memory = new Int32Array(shared)

/** The number of the next sample that nobody has taken, or -1 when no more will come. */
function take() {
  for (;;) {
    const taken = Atomics.load(memory, TAKEN)
    const issued = Atomics.load(memory, ISSUED)
    if (taken !== issued) {
      if (Atomics.compareExchange(memory, TAKEN, taken, taken + 1) === taken) return taken
    } else if (Atomics.load(memory, STOP) !== 0) return -1
    // A time limit, since a stop that comes between the question and the wait changes nothing that wakes.
    else if (!spin) Atomics.wait(memory, ISSUED, issued, 100)
  }
}

try {
  const { default: setUp } = await import(module)
  const answer = await setUp(data)
  parentPort.postMessage({ ready: true })
  for (let number = take(); number >= 0; number = take()) {
    const slot = number % capacity
    const waiting = answer(memory[HEAD + slot])
    if (waiting !== undefined) await waiting
    Atomics.store(memory, HEAD + capacity + slot, number + 1)
    if (!spin) parentPort.postMessage({ done: true })
  }
  await answer.close?.()
} catch (error) {
  parentPort.postMessage({ error: error instanceof Error ? error.message : String(error) })
}
