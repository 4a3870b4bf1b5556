import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The root folder of the repository. */
export const root = fileURLToPath(new URL('../../', import.meta.url))

/** The environment of everything that these scripts start: no daemon, no cloud, no telemetry, no downloads. */
export const environment = {
  ...process.env,
  NX_DAEMON: 'false',
  NX_NO_CLOUD: 'true',
  NX_TUI: 'false',
  ORT_DISABLE_TELEMETRY: '1',
  ONNXRUNTIME_NODE_INSTALL: 'skip',
}

/** Runs a program with the terminal passed through; rejects unless it exits with 0. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env: environment, stdio: 'inherit', ...options })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) resolve()
      else reject(new Error(`${[command, ...args].join(' ')} ended with ${signal ?? `exit code ${code}`}`))
    })
  })
}

/** Runs npm: the one that started this process, or the one on the PATH. */
export function npm(args, options = {}) {
  const started = process.env.npm_execpath
  if (started?.endsWith('.js')) return run(process.execPath, [started, ...args], options)
  return run('npm', args, { shell: process.platform === 'win32', ...options })
}

/** Runs `main`, and turns a failure into one line on stderr and exit code 1. */
export async function script(main) {
  try {
    await main()
  } catch (error) {
    console.error(`\n${error.message}`)
    process.exitCode = 1
  }
}
