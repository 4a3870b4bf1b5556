let loaded: Promise<(bytes: Uint8Array) => Uint8Array> | undefined

/** Compresses to one zstd frame of level 3. Loaded when it is first needed. */
export function zstdCompressor(): Promise<(bytes: Uint8Array) => Uint8Array> {
  // Initialised once: from the third time on the library answers with zeros.
  loaded ??= (async () => {
    const { compress, init } = await import('@bokuweb/zstd-wasm')
    await init()
    return (bytes: Uint8Array) => compress(bytes, 3)
  })()
  return loaded
}
