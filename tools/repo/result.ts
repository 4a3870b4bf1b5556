/** The JSON that every `bench:*` and `eval:*` script writes with `--json FILE`, so that one reader serves all of them. */
import { readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { arch, cpus, platform } from 'node:os'

export interface Result {
  /** What was measured, as in the script's name. */
  name: string
  /** The headline: a ratio, a score or a time. */
  value: number
  unit: string
  goal: string
  /** Low and high end of the headline over repetitions, where there were any. */
  spread?: readonly [number, number]
  rows: unknown
  /** What the numbers depend on besides the machine, such as the versions of peers. */
  environment?: Readonly<Record<string, string | number>>
}

const { dependencies } = JSON.parse(
  readFileSync(new URL('../../packages/core-tensor/package.json', import.meta.url), 'utf8'),
) as { dependencies: Record<string, string> }

/** Where and when a script ran. */
export const environment = {
  date: new Date().toISOString().slice(0, 10),
  node: process.versions.node,
  onnxruntime: dependencies['onnxruntime-node'],
  platform: `${platform()} ${arch()}`,
  processor: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
}

/** Writes the result to `file`; does nothing where none was asked for. */
export async function writeResult(file: string | undefined, result: Result): Promise<void> {
  if (file === undefined) return
  const content = { ...result, environment: { ...environment, ...result.environment } }
  await writeFile(`${file}.part`, `${JSON.stringify(content, null, 2)}\n`)
  await rename(`${file}.part`, file)
}
