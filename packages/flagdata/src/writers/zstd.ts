/** Compresses to one zstd frame of level 3. Loaded when it is first needed. */
export async function zstdCompressor(): Promise<(bytes: Uint8Array) => Uint8Array> {
  const { compress, init } = await import('@bokuweb/zstd-wasm')
  await init()
  return (bytes) => compress(bytes, 3)
}
