import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FlagError } from '@flag/core-tensor'

/** The folder of an installed npm package of data: of the current folder's project, else of this package's. */
export function packageFolder(name: string): string {
  for (const from of [join(process.cwd(), 'package.json'), import.meta.url]) {
    // Not every data package exports its package.json, so the folders are searched as Node does.
    for (const modules of createRequire(from).resolve.paths(name) ?? []) {
      const folder = join(modules, name)
      if (existsSync(join(folder, 'package.json'))) return folder
    }
  }
  throw new FlagError('not-found', `the data package ${name} is not installed`, {
    hint: `npm install ${name}`,
  })
}

/** Parsed JSON of a file of a data package. Throws `not-found`, `corrupt-file`. */
export function packageJson<T>(name: string, path: string): T {
  const file = join(packageFolder(name), path)
  if (!existsSync(file)) throw new FlagError('not-found', `${file}: no such file in ${name}`)
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T
  } catch (cause) {
    throw new FlagError('corrupt-file', `${file}: not JSON (${(cause as Error).message})`, {
      hint: `install ${name} again`,
      cause,
    })
  }
}

/** `name@version` of an installed data package. */
export function installedVersion(name: string): string {
  const { version } = packageJson<{ version: string }>(name, 'package.json')
  return `${name}@${version}`
}

/** A function that works each argument out once; every language of a task asks for the same files. */
export function remembered<T>(workOut: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>()
  return (key) => {
    const value = known.get(key) ?? workOut(key)
    known.set(key, value)
    return value
  }
}

/** The folder of this package, from the sources as well as from the built bundle. */
export function ownFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return folder
}
