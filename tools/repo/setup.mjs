// Makes a fresh clone ready: dependencies, then the build. Uses nothing but Node and npm; does nothing twice.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { npm, root, run, script } from './process.mjs'

await script(async () => {
  checkNode('20.19.0')
  if (!(await isInstalled())) {
    console.log('Installing the dependencies (a few minutes on a new machine) …')
    await npm(['ci', '--prefer-offline'])
  }
  await run(process.execPath, [
    join(root, 'node_modules/nx/dist/bin/nx.js'),
    'run-many',
    '--target=build',
    '--output-style=static',
  ])
})

function checkNode(minimum) {
  const order = process.versions.node.localeCompare(minimum, 'en', { numeric: true })
  if (order < 0) {
    throw new Error(`Node ${minimum} or newer is needed; this is ${process.version} (${process.execPath}).`)
  }
}

/** Whether node_modules holds what package-lock.json asks for, by the record that npm leaves in node_modules. */
async function isInstalled() {
  const wanted = await packagesOf('package-lock.json')
  const present = await packagesOf('node_modules/.package-lock.json').catch(() => undefined)
  if (present === undefined) return false
  return Object.entries(wanted).every(([path, entry]) => {
    // Optional packages are those of other platforms; the entries without a node_modules are the workspaces.
    if (!path.includes('node_modules/') || entry.optional || entry.devOptional) return true
    return present[path]?.version === entry.version
  })
}

async function packagesOf(lockFile) {
  return JSON.parse(await readFile(join(root, lockFile), 'utf8')).packages
}
