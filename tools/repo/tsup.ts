import { copyFile, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { defineConfig, type Options } from 'tsup'

export interface LibraryOptions {
  /**
   * Packages that are copied into `dist/` as far as they are used, which loads faster than their many files; the
   * package's NOTICE has to name them.
   */
  bundled?: string[]
  /** Threads that do little: each is one file with what it uses of the other packages, and loads nothing else of them. */
  threads?: Record<string, string>
}

/** How every package is built: ESM and type declarations for Node 20, from `src/` into `dist/`. */
export function library(entry: Record<string, string>, { bundled = [], threads = {} }: LibraryOptions = {}) {
  const common: Options = { format: 'esm', target: 'node20', platform: 'node', sourcemap: true }
  const main: Options = {
    ...common,
    entry,
    // Both builds run at the same time.
    clean: ['**', ...Object.keys(threads).map((name) => `!${name}.js*`)],
    splitting: true,
    noExternal: bundled,
    // tsup hands `baseUrl` to the compiler, which TypeScript 6 calls deprecated. The source paths of the
    // workspace are taken away, so that the declarations name the other packages and do not inline them.
    dts: { compilerOptions: { ignoreDeprecations: '6.0', paths: {} } },
    onSuccess: copyPlainModules,
  }
  if (Object.keys(threads).length === 0) return defineConfig(main)
  return defineConfig([main, { ...common, entry: threads, splitting: false, noExternal: [/^@flag\//] }])
}

/**
 * Worker threads and child processes are started from a file, which a bundle cannot contain: the `.mjs` files of
 * the folders of `src` are plain JavaScript and are copied beside the bundle, where
 * `new URL('./x.mjs', import.meta.url)` finds them.
 */
async function copyPlainModules() {
  const files = await readdir('src', { recursive: true })
  const modules = files.filter((file) => file.endsWith('.mjs'))
  await Promise.all(modules.map((file) => copyFile(join('src', file), join('dist', basename(file)))))
}
