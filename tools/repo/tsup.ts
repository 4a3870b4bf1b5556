import { copyFile, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { defineConfig } from 'tsup'

/**
 * How every package is built: ESM and type declarations for Node 20, from `src/` into `dist/`. The packages named in
 * `bundled` are copied into `dist/` as far as they are used, which loads faster than their many files; the package's
 * NOTICE has to name them.
 */
export function library(entry: Record<string, string>, bundled: string[] = []) {
  return defineConfig({
    entry,
    format: 'esm',
    target: 'node20',
    platform: 'node',
    clean: true,
    splitting: true,
    sourcemap: true,
    noExternal: bundled,
    // tsup hands `baseUrl` to the compiler, which TypeScript 6 calls deprecated. The source paths of the
    // workspace are taken away, so that the declarations name the other packages and do not inline them.
    dts: { compilerOptions: { ignoreDeprecations: '6.0', paths: {} } },
    onSuccess: copyPlainModules,
  })
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
