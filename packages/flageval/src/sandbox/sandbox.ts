import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import { type ProgramLanguage, runners } from './runners.ts'

export interface SandboxLimits {
  /** Time on the clock. Default 10,000. */
  timeoutMs?: number
  /** Time on the processor. Default 10. */
  cpuSeconds?: number
  /** Default 512 MiB: the heap of a JavaScript program, the address space of a Python one. */
  memoryBytes?: number
  /** Of stdout and stderr each; more is an error. Default 1 MiB. */
  outputBytes?: number
}

export interface ProgramResult {
  /** Whether it ran to its end without an error. */
  readonly passed: boolean
  /** What went wrong; empty where it passed. */
  readonly reason: string
  readonly stdout: string
  readonly stderr: string
}

/** What keeps a program apart on this machine. */
export interface Isolation {
  /** `namespace`: none, by the kernel; `guard`: the functions that open connections throw. */
  readonly network: 'namespace' | 'guard'
  /** Whether processes that it starts end with it whatever they do. */
  readonly processes: 'namespace' | 'group'
  /** Whether files outside its folder are out of its reach. */
  readonly files: Readonly<Record<ProgramLanguage, boolean>>
}

const NAMESPACE = ['unshare', '--user', '--map-root-user', '--net', '--pid', '--fork', '--kill-child', '--']

let known: boolean | undefined
function hasNamespaces(): boolean {
  known ??=
    process.platform === 'linux' &&
    spawnSync(NAMESPACE[0], [...NAMESPACE.slice(1), 'true'], { stdio: 'ignore', timeout: 5000 }).status === 0
  return known
}

/** Since 20 under one name, from 23.5 and 22.13 on under another. */
const permissionFlag = (): string | undefined =>
  ['--permission', '--experimental-permission'].find((flag) => process.allowedNodeEnvironmentFlags.has(flag))

/** What a sandbox on this machine keeps from a program. */
export function isolation(): Isolation {
  const own = hasNamespaces()
  return {
    network: own ? 'namespace' : 'guard',
    processes: own ? 'namespace' : 'group',
    files: { javascript: permissionFlag() !== undefined, python: false },
  }
}

const pythonCommand = process.platform === 'win32' ? 'python' : 'python3'

let python: boolean | undefined

/** Whether programs in a language can be run here. */
export function canRun(language: ProgramLanguage): boolean {
  if (language === 'javascript') return true
  python ??= spawnSync(pythonCommand, ['-c', ''], { stdio: 'ignore', timeout: 20_000 }).status === 0
  return python
}

/** The command line, without what limits it. */
function commandOf(language: ProgramLanguage, folder: string, memoryBytes: number): string[] {
  if (language === 'python') return [pythonCommand, '-I', '-B', join(folder, 'runner.py')]
  const flag = permissionFlag()
  const permission = flag ? [flag, `--allow-fs-read=${folder}`, `--allow-fs-write=${folder}`] : []
  const heap = Math.max(16, Math.floor(memoryBytes / 1024 ** 2))
  return [
    process.execPath,
    '--no-warnings',
    ...permission,
    `--max-old-space-size=${heap}`,
    join(folder, 'runner.mjs'),
  ]
}

/** Limits that a shell sets on itself before it becomes the command. A JavaScript engine reserves more than it uses. */
function limited(
  command: readonly string[],
  language: ProgramLanguage,
  cpuSeconds: number,
  memoryBytes: number,
): string[] {
  if (process.platform === 'win32') return [...command]
  const limits = [`ulimit -t ${Math.ceil(cpuSeconds)}`, 'ulimit -f 131072', 'ulimit -c 0']
  if (language === 'python') limits.push(`ulimit -v ${Math.ceil(memoryBytes / 1024)}`)
  return ['sh', '-c', `${limits.join('; ')}; exec "$@"`, 'sh', ...command]
}

/**
 * Runs a program in a process of its own, with a folder of its own that is removed afterwards, an empty environment,
 * limits on time, memory and output, and no network; it is killed with what it started. See `isolation` for what this
 * machine keeps from it. A JavaScript program cannot read files outside its folder nor start processes; a Python program
 * can do both, with the rights of the user. It is a guard against faulty programs, not against an attacker: run what you
 * do not trust in a virtual machine. Throws `unsupported` where the language is not there.
 */
export async function runProgram(
  language: ProgramLanguage,
  source: string,
  limits: SandboxLimits = {},
): Promise<ProgramResult> {
  if (!canRun(language)) {
    throw new FlagError('unsupported', `no ${pythonCommand} here to run ${language} programs`, {
      hint: 'install Python 3',
    })
  }
  const {
    timeoutMs = 10_000,
    cpuSeconds = 10,
    memoryBytes = 512 * 1024 ** 2,
    outputBytes = 1024 ** 2,
  } = limits
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'flageval-program-')))
  const extension = language === 'python' ? 'py' : 'mjs'
  try {
    await writeFile(join(folder, `runner.${extension}`), runners[language])
    await writeFile(join(folder, `program.${extension}`), source)
    const command = limited(commandOf(language, folder, memoryBytes), language, cpuSeconds, memoryBytes)
    const [file, ...args] = hasNamespaces() ? [...NAMESPACE, ...command] : command
    return await execute(file, args, folder, timeoutMs, outputBytes)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function execute(
  file: string,
  args: readonly string[],
  folder: string,
  timeoutMs: number,
  outputBytes: number,
): Promise<ProgramResult> {
  const secret = randomBytes(16).toString('hex')
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: folder,
      detached: process.platform !== 'win32',
      env: { PATH: process.env.PATH, HOME: folder, TMPDIR: folder, LANG: 'C.UTF-8' },
    })
    const kill = () => {
      if (child.pid === undefined) return
      try {
        process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL')
      } catch {
        // All of its group have ended.
      }
    }
    let reason = ''
    const stop = (why: string) => {
      reason ||= why
      kill()
    }
    const timer = setTimeout(() => stop(`not done within ${timeoutMs / 1000} s`), timeoutMs)
    const texts = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        if (texts[name].length + text.length > outputBytes) stop(`more than ${outputBytes} bytes of ${name}`)
        else texts[name] += text
      })
    }
    child.stdin.on('error', () => {})
    child.stdin.end(secret)
    child.on('error', (cause) => {
      clearTimeout(timer)
      reject(new FlagError('unsupported', `${file} could not be started: ${cause.message}`, { cause }))
    })
    // What it started may live on and hold its output open: the group ends when it does.
    child.on('exit', kill)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const passed = reason === '' && code === 0 && texts.stdout.endsWith(secret)
      const stdout = passed ? texts.stdout.slice(0, -secret.length) : texts.stdout
      const said = texts.stderr.trim().split('\n')
      const error = said.find((line) => /Error\b/.test(line)) ?? said.at(-1)
      if (!passed)
        reason ||= error || (code === 0 ? 'left before its end' : `ended with ${signal ?? `code ${code}`}`)
      resolve({ passed, reason, stdout, stderr: texts.stderr })
    })
  })
}
