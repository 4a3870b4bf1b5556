import { execFileSync, fork } from 'node:child_process'
import { expect, test } from 'vitest'
import { pinToOneCore } from './pin.ts'

const hasTaskset = () => {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' })
    return process.platform === 'linux'
  } catch {
    return false
  }
}

test('processes are held on one core, or it is said that they are not', async () => {
  const child = fork(new URL('./subjectHost.mjs', import.meta.url), { execArgv: [] })
  try {
    expect(await pinToOneCore([child.pid])).toBe(hasTaskset())
    if (hasTaskset()) {
      const allowed = execFileSync('taskset', ['-c', '-p', String(child.pid)], { encoding: 'utf8' })
      expect(allowed.trim()).toMatch(/: \d+$/)
    }
    expect(await pinToOneCore([undefined])).toBe(false)
  } finally {
    child.kill()
  }
})
