// Runs ONNX Runtime sessions. Plain JavaScript, because worker threads and child processes load this very file.

/** @typedef {{ dtype: string, shape: readonly number[], data: any }} TensorParts */

const toRuntime = ({ dtype, shape, data }) => ({ type: dtype, dims: shape, data, location: 'cpu' })
const fromRuntime = ({ type, dims, data }) => ({
  dtype: type,
  shape: [...dims],
  // Newer Node versions have a Float16Array; float16 is kept as bit patterns everywhere in Flag.
  data: type === 'float16' ? new Uint16Array(data.buffer, data.byteOffset, data.length) : data,
})

const mapValues = (record, map) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))

/** One session, with a state that can stay on this side between runs. */
export function createSessionCore() {
  let session
  /** Values carried from the outputs of one step to the inputs of the next. */
  let state = {}
  let carried = []
  /** The state before last, whose memory the next outputs are written into. Never that of the caller. */
  let spare = {}
  let owned = false

  return {
    /** @param {{ model: Uint8Array | string, options: object }} request */
    async open({ model, options }) {
      const { InferenceSession } = await import('onnxruntime-node')
      await session?.release()
      session = await InferenceSession.create(model, options)
      return { inputs: [...session.inputNames], outputs: [...session.outputNames] }
    },
    /** @param {{ feeds: Record<string, TensorParts>, fetches?: string[] }} request */
    async run({ feeds, fetches }) {
      const inputs = mapValues(feeds, toRuntime)
      return mapValues(await (fetches ? session.run(inputs, fetches) : session.run(inputs)), fromRuntime)
    },
    /** @param {{ state: Record<string, TensorParts>, carry: [output: string, input: string][] }} request */
    async carry(request) {
      state = mapValues(request.state, toRuntime)
      carried = request.carry
      spare = {}
      owned = false
    },
    /** Runs once on the carried state, keeps the new state, and gives the other outputs. */
    async step({ feeds }) {
      const fetches = Object.fromEntries(session.outputNames.map((name) => [name, spare[name] ?? null]))
      const results = await session.run({ ...state, ...mapValues(feeds, toRuntime) }, fetches)
      const next = { ...state }
      spare = {}
      for (const [output, input] of carried) {
        if (owned) spare[output] = state[input]
        next[input] = results[output]
        delete results[output]
      }
      state = next
      owned = true
      return mapValues(results, fromRuntime)
    },
    async state() {
      // Copies: what is sent away is transferred, and the state has to stay.
      return mapValues(mapValues(state, fromRuntime), (parts) => ({ ...parts, data: parts.data.slice() }))
    },
    async endProfiling() {
      session.endProfiling()
    },
    async close() {
      state = {}
      spare = {}
      await session?.release()
      session = undefined
    },
  }
}

/** Buffers of a reply that can be handed over without a copy. */
export function transferables(reply) {
  const buffers = new Set()
  for (const parts of Object.values(reply ?? {})) {
    const buffer = parts?.data?.buffer
    if (buffer instanceof ArrayBuffer) buffers.add(buffer)
  }
  return [...buffers]
}
