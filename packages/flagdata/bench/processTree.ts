import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** Bytes of a page of memory on the Linux machines that this runs on. */
const PAGE = 4096
const EVERY = 200

export interface Finished {
  stdout: string
  /** Most resident memory of the process and all below it together; NaN where /proc is missing. */
  peakMegabytes: number
}

/** Runs a program to its end and watches how much memory it and its children hold together. */
export function runWatched(program: string, args: readonly string[]): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const output: Buffer[] = []
    let errors = ''
    let peak = 0
    const watch = setInterval(() => {
      peak = Math.max(peak, residentBelow(child.pid as number))
    }, EVERY)
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-4000)
    })
    child.on('error', reject)
    child.on('close', (code) => {
      clearInterval(watch)
      if (code === 0)
        resolve({ stdout: Buffer.concat(output).toString(), peakMegabytes: peak / 1e6 || Number.NaN })
      else reject(new Error(`${program} ended with code ${code}: ${errors}`))
    })
  })
}

function residentBelow(root: number): number {
  const parents = new Map<number, { parent: number; resident: number }>()
  for (const name of listProcesses()) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      // The name in brackets may hold spaces.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      parents.set(Number(name), { parent: Number(fields[1]), resident: Number(fields[21]) * PAGE })
    } catch {
      // It ended meanwhile.
    }
  }
  let sum = 0
  for (const [pid, { resident }] of parents) {
    let at: number | undefined = pid
    while (at !== undefined && at !== root) at = parents.get(at)?.parent
    if (at === root) sum += resident
  }
  return sum
}

function listProcesses(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  } catch {
    return []
  }
}
