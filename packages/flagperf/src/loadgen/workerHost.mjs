// A thread of a system under test: takes samples from shared memory, answers them, and says there when it did. Plain
// JavaScript, because worker threads load this very file.
import { parentPort, workerData } from 'node:worker_threads'

const { state, indices, dueAt, doneAt, done, module, data, spin } = workerData
const [ISSUED, TAKEN, STOP] = [0, 1, 2]
const capacity = indices.length

let untold = false
let toldAt = 0n

/** Wakes the driver where something is done. Takes longer than all else here, so it is kept for when nothing waits. */
function tell() {
  if (!untold) return
  untold = false
  parentPort.postMessage({ done: true })
  toldAt = process.hrtime.bigint()
}

/** The number of the next sample that nobody has taken, or -1 when no more will come. */
function take() {
  for (;;) {
    const taken = Atomics.load(state, TAKEN)
    const issued = Atomics.load(state, ISSUED)
    if (taken !== issued) {
      if (Atomics.compareExchange(state, TAKEN, taken, taken + 1) === taken) return taken
    } else if (Atomics.load(state, STOP) !== 0) return -1
    // A time limit, since a stop that comes between the question and the wait changes nothing that wakes.
    else if (!spin) {
      tell()
      Atomics.wait(state, ISSUED, issued, 100)
    }
  }
}

/** Sleeps end up to this much late, so the rest of a wait is spent asking the clock. */
const SLEEP_ERROR_MS = 0.3
/** A driver that hears nothing takes a system for overloaded. */
const UNTOLD_NS = 10_000_000n

/** Returns at this time of `process.hrtime.bigint()` or later. */
function waitUntil(time) {
  const left = Number(time - process.hrtime.bigint()) / 1e6
  if (!spin && left > SLEEP_ERROR_MS) {
    tell()
    Atomics.wait(state, STOP, 0, Number(time - process.hrtime.bigint()) / 1e6 - SLEEP_ERROR_MS)
  }
  const [second, nanosecond] = [Number(time / 1_000_000_000n), Number(time % 1_000_000_000n)]
  for (;;) {
    // Makes no garbage, whose collection would come between two samples.
    const [seconds, nanoseconds] = process.hrtime()
    if (seconds > second || (seconds === second && nanoseconds >= nanosecond)) return
  }
}

try {
  const { default: setUp } = await import(module)
  const answer = await setUp(data)
  parentPort.postMessage({ ready: true })
  for (let number = take(); number >= 0; number = take()) {
    const slot = number % capacity
    if (dueAt[slot] > 0n) waitUntil(dueAt[slot])
    const waiting = answer(indices[slot])
    if (waiting !== undefined) await waiting
    const end = process.hrtime.bigint()
    doneAt[slot] = end
    // After the time, which the driver reads once it sees this.
    Atomics.store(done, slot, number + 1)
    untold = !spin
    if (end - toldAt > UNTOLD_NS) tell()
  }
  await answer.close?.()
} catch (error) {
  parentPort.postMessage({ error: error instanceof Error ? error.message : String(error) })
}
