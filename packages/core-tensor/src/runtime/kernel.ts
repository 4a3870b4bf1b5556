interface Memory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}

// The types of Node 20 name WebAssembly but not what is in it.
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object, imports: object) => { exports: unknown }
}

/**
 * A compiled kernel (`name.as.ts`, see `tools/repo/wasm.ts`) ready to be called: its functions, and memory that the
 * caller lays out. Kernels do not allocate: everything from `base` on is the caller's.
 */
export class Kernel<Functions> {
  readonly functions: Functions
  /** Where the caller's memory begins, a multiple of 16. */
  readonly base: number
  readonly #memory: Memory

  /** @param compiled the default export of `name.wasm.ts` */
  constructor(compiled: string) {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(compiled, 'base64')), {})
    const { memory, base } = exports as { memory: Memory; base(): number }
    this.functions = exports as Functions
    this.#memory = memory
    this.base = Math.ceil(base() / 16) * 16
  }

  /** The memory with room up to `end`. Views of it go stale when it grows: take them anew after each call. */
  reserve(end: number): ArrayBuffer {
    const missing = end - this.#memory.buffer.byteLength
    if (missing > 0) this.#memory.grow(Math.ceil(missing / 65536))
    return this.#memory.buffer
  }
}
