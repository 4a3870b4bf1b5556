import { type FileHandle, mkdir, open, statfs, symlink } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

/** What the hub needs of the world. Tests give one whose network drops, whose disk is full, whose clock jumps. */
export interface Host {
  fetch(url: string, init: RequestInit): Promise<Response>
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Between 0 and 1. */
  random(): number
  /** Calls `work` every so often until the returned function is called. */
  every(ms: number, work: () => void): () => void
  /** Calls `elapsed` once `ms` have passed since the start or the last `renew`. */
  deadline(ms: number, elapsed: () => void): { renew(): void; end(): void }
  /** Bytes that may be written to the file system of a folder; undefined where it does not say. */
  freeBytes(folder: string): Promise<number | undefined>
  makeFolder(folder: string): Promise<void>
  openFile(file: string, flags: string | number): Promise<FileHandle>
  write(file: FileHandle, bytes: Uint8Array, position: number): Promise<void>
  symlink(target: string, link: string): Promise<void>
  warn(message: string): void
}

export const thisHost: Host = {
  fetch: (url, init) => fetch(url, init),
  sleep: (ms, signal) => delay(ms, undefined, { signal }),
  random: Math.random,
  every(ms, work) {
    const timer = setInterval(work, ms).unref()
    return () => clearInterval(timer)
  },
  deadline(ms, elapsed) {
    const timer = setTimeout(elapsed, ms)
    return { renew: () => void timer.refresh(), end: () => clearTimeout(timer) }
  },
  async freeBytes(folder) {
    const { bavail, bsize, blocks } = await statfs(folder)
    // Some network file systems have no sizes and say 0.
    return blocks > 0 ? bavail * bsize : undefined
  },
  makeFolder: async (folder) => void (await mkdir(folder, { recursive: true })),
  openFile: (file, flags) => open(file, flags),
  async write(file, bytes, position) {
    for (let done = 0; done < bytes.byteLength; ) {
      const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done, position + done)
      done += bytesWritten
    }
  },
  symlink: (target, link) => symlink(target, link),
  warn: (message) => process.emitWarning(message, { code: 'FLAG_HUB' }),
}
