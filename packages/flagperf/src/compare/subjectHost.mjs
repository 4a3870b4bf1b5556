// The process of one subject of a comparison: opens it and times bursts of runs when it is told to. Plain JavaScript
// without dependencies, so that it starts fast and loads whichever version of the runtime it is given.
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

/** @type {undefined | { run(): unknown, outputs?(): Promise<unknown>, close?(): unknown }} */
let subject

const now = () => process.hrtime.bigint()

async function openModel({ model, runtime, sessionOptions, feeds }) {
  const { InferenceSession } = createRequire(import.meta.url)(runtime)
  const session = await InferenceSession.create(model, sessionOptions)
  return {
    run: () => session.run(feeds),
    async outputs() {
      const outputs = await session.run(feeds)
      return Object.entries(outputs).map(([name, { type, dims, data }]) => ({
        name,
        dtype: type,
        shape: [...dims],
        // Newer Node versions have a Float16Array; elsewhere in Flag float16 is bit patterns.
        data: type === 'float16' ? new Uint16Array(data.buffer, data.byteOffset, data.length) : data,
      }))
    },
    close: () => session.release(),
  }
}

async function openModule({ module }) {
  const { default: setUp } = await import(pathToFileURL(module).href)
  if (typeof setUp !== 'function')
    throw new Error(`${module} has no default export that gives the function to time`)
  const run = await setUp()
  if (typeof run !== 'function') throw new Error(`the default export of ${module} gave no function to time`)
  return { run }
}

async function timed(work) {
  const start = now()
  await work()
  return Number(now() - start)
}

const handlers = {
  async open(spec) {
    const openNs = await timed(async () => {
      subject = spec.kind === 'model' ? await openModel(spec) : await openModule(spec)
    })
    return { openNs, firstRunNs: await timed(() => subject.run()) }
  },
  /** Runs until the compiler of this process has seen enough, and says how long the last runs took. */
  async warmUp({ milliseconds, runs }) {
    const end = now() + BigInt(Math.round(milliseconds * 1e6))
    const times = []
    do times.push(await timed(() => subject.run()))
    while (now() < end && times.length < runs)
    return times.slice(-9)
  },
  /**
   * Times samples of so many runs each. The uncounted runs before them fetch the caches back from whoever ran meanwhile.
   */
  async burst({ uncounted, samples, runs }) {
    for (let i = 0; i < uncounted; i++) await subject.run()
    const wallNs = new Array(samples)
    const cpuNs = new Array(samples)
    for (let i = 0; i < samples; i++) {
      const { user, system } = process.cpuUsage()
      const before = now()
      for (let run = 0; run < runs; run++) await subject.run()
      wallNs[i] = Number(now() - before) / runs
      const used = process.cpuUsage()
      cpuNs[i] = ((used.user + used.system - user - system) * 1000) / runs
    }
    return { wallNs, cpuNs }
  },
  outputs: async () => (await subject.outputs?.()) ?? [],
  async close() {
    await subject?.close?.()
  },
}

process.on('message', async ({ method, request }) => {
  try {
    const value = await handlers[method](request)
    process.send({ value }, () => method === 'close' && process.exit(0))
  } catch (error) {
    process.send({ error: error instanceof Error ? error.message : String(error) })
  }
})
process.once('disconnect', () => process.exit(1))
