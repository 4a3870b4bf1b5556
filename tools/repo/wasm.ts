/**
 * Kernels: hot loops in AssemblyScript (`name.as.ts`, beside the code that calls them), compiled to WebAssembly with
 * SIMD. The compiled bytes are checked in as `name.wasm.ts`, so that nothing but this script needs the compiler, and
 * sources, tests and bundles load a kernel like any other module. Run after every change of a kernel:
 *
 *     npm run build:wasm
 */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** The sources of all kernels. */
export async function kernelSources(): Promise<string[]> {
  const folders = (await readdir(join(root, 'packages'))).map((name) => join(root, 'packages', name, 'src'))
  const names = folders.map(async (folder) =>
    (await readdir(folder, { recursive: true }).catch(() => []))
      .filter((name) => name.endsWith('.as.ts'))
      .map((name) => join(folder, name)),
  )
  return (await Promise.all(names)).flat().sort()
}

/** The module that stands for a kernel, and its path. The same source always gives the same text. */
export async function compileKernel(source: string): Promise<{ path: string; text: string }> {
  const name = basename(source)
  const bytes = await compile(name, await readFile(source, 'utf8'))
  const text = [
    `// Compiled from ${name} by tools/repo/wasm.ts (npm run build:wasm). Not to be edited.`,
    `export default '${Buffer.from(bytes).toString('base64')}'\n`,
  ].join('\n')
  return { path: source.replace(/\.as\.ts$/, '.wasm.ts'), text }
}

/** Neither garbage collector nor runtime: a kernel's memory is its caller's. */
const OPTIONS = ['-O3', '--runtime', 'stub', '--noAssert', '--enable', 'simd', '--initialMemory', '1']

async function compile(name: string, source: string): Promise<Uint8Array> {
  let output: Uint8Array | undefined
  const { error, stderr } = await asc.main([name, ...OPTIONS, '--outFile', 'kernel.wasm'], {
    readFile: (file) => (file === name ? source : null),
    writeFile: (file, contents) => {
      if (file === 'kernel.wasm') output = contents as Uint8Array
    },
    listFiles: () => [],
  })
  if (error || output === undefined) throw new Error(`${name}: ${error?.message}\n${stderr.toString()}`)
  return output
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  for (const source of await kernelSources()) {
    const { path, text } = await compileKernel(source)
    await writeFile(path, text)
    console.log(`${path.slice(root.length)}: ${text.length} characters`)
  }
}
