import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FloatDType } from '../../tensor/dtype.ts'
import { convertCheckpoint } from '../convert.ts'

export const goldens = fileURLToPath(new URL('../../../goldens/checkpoints', import.meta.url))

export interface StoredGolden {
  dtype: string
  shape: number[]
  base64: string
}

/** What is in each golden checkpoint, by file or folder and tensor. */
export const contents: Record<string, Record<string, StoredGolden>> = JSON.parse(
  readFileSync(join(goldens, 'expected.json'), 'utf8'),
)

/** Conversions that are compared with PyTorch: every golden checkpoint to both formats and all types. */
export const conversions = Object.keys(contents).flatMap((input) =>
  (['safetensors', 'torch'] as const).flatMap((to) =>
    ([undefined, 'float32', 'float16', 'bfloat16'] as const).map((dtype) => ({
      input,
      to,
      dtype,
      /** Also names the output. */
      name: `${input.replaceAll('/', '-')}.${dtype ?? 'same'}.${to === 'torch' ? 'bin' : 'safetensors'}`,
    })),
  ),
)

/** Converts into a folder; returns the SHA-256 of what was written. */
export async function convertGolden(
  {
    input,
    to,
    dtype,
    name,
  }: { input: string; to: 'safetensors' | 'torch'; dtype?: FloatDType; name: string },
  folder: string,
): Promise<string> {
  const output = join(folder, name)
  await convertCheckpoint(join(goldens, input), output, { to, dtype })
  return createHash('sha256').update(readFileSync(output)).digest('hex')
}
