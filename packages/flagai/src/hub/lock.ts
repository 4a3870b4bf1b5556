import { randomUUID } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { diskError } from './faults.ts'
import type { Host } from './host.ts'

/** How often a holder shows that it is alive, and how long others wait for such a sign. */
const BEAT = 5000
const SILENCE = 30_000
const POLL = 200

/**
 * Where process ids mean something: a machine and, in containers, their namespace of processes.
 */
export const thisMachine: string = (() => {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return hostname()
  }
})()

interface Holder {
  /** Different for every time that a lock is taken. */
  readonly key: string
  readonly pid: number
  readonly machine: string
}

/**
 * Runs `work` while no other process holds the lock `file`; waits for it otherwise. A holder that is dead, or has given
 * no sign of life for half a minute, loses the lock. `work` is told by its signal when that happens to itself, and is
 * then run again once the lock is free; it must not depend on being alone, only profit.
 *
 * Node has no lock of the operating system. What this one saves is doubled downloads; that a file is sound does not
 * depend on it.
 */
export async function withLock<T>(
  host: Host,
  file: string,
  signal: AbortSignal | undefined,
  work: (held: AbortSignal) => Promise<T>,
): Promise<T> {
  await host.makeFolder(dirname(file)).catch((cause) => {
    throw diskError(dirname(file), cause)
  })
  for (;;) {
    const key = await acquire(host, file, signal)
    const lost = new AbortController()
    const stop = host.every(BEAT, () => {
      void isMine(file, key).then((mine) => {
        if (mine) return utimes(file, new Date(), new Date()).catch(() => {})
        lost.abort()
      })
    })
    try {
      return await work(lost.signal)
    } catch (error) {
      if (!lost.signal.aborted || signal?.aborted) throw error
    } finally {
      stop()
      if (await isMine(file, key)) await rm(file, { force: true })
    }
  }
}

async function acquire(host: Host, file: string, signal: AbortSignal | undefined): Promise<string> {
  const holder: Holder = { key: randomUUID(), pid: process.pid, machine: thisMachine }
  let seen = ''
  let silence = 0
  for (;;) {
    signal?.throwIfAborted()
    try {
      await writeFile(file, JSON.stringify(holder), { flag: 'wx' })
      return holder.key
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw diskError(file, cause)
    }
    const [content, sign] = await Promise.all([contentOf(file), signOf(file)])
    // Silence is counted here, since clocks of machines that share a disk differ.
    silence = `${content} ${sign}` === seen ? silence + POLL : 0
    seen = `${content} ${sign}`
    if (content !== undefined && (isDead(content) || silence >= SILENCE)) await breakLock(file, content)
    else await host.sleep(POLL, signal)
  }
}

const contentOf = (file: string): Promise<string | undefined> => readFile(file, 'utf8').catch(() => undefined)
const signOf = (file: string): Promise<number | undefined> =>
  stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  )

async function isMine(file: string, key: string): Promise<boolean> {
  return (await contentOf(file))?.includes(key) ?? false
}

function isDead(content: string): boolean {
  let holder: Partial<Holder>
  try {
    holder = JSON.parse(content)
  } catch {
    return false // Just being written, or by a process that died while writing: silence will tell.
  }
  if (holder.machine !== thisMachine || typeof holder.pid !== 'number') return false
  try {
    process.kill(holder.pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

/** Takes a dead holder's lock away; renaming lets only one of many do it. */
async function breakLock(file: string, content: string): Promise<void> {
  const away = `${file}.${randomUUID()}.stale`
  try {
    await rename(file, away)
  } catch {
    return
  }
  // Another may have broken it first and taken it: then it is given back, unless a third has it by now.
  const taken = await contentOf(away)
  if (taken !== undefined && taken !== content) await writeFile(file, taken, { flag: 'wx' }).catch(() => {})
  await rm(away, { force: true })
}
