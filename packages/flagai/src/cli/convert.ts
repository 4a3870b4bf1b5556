import { convertCheckpoint, type FloatDType } from '@flag/core-tensor'
import { printJson } from '@flag/core-tensor/terminal'
import { bytes, type Context } from './context.ts'
import { Progress } from './progress.ts'

interface ConvertOptions {
  to: 'safetensors' | 'torch'
  output: string
  dtype?: keyof typeof dtypes
  json?: boolean
}

const dtypes = { fp32: 'float32', fp16: 'float16', bf16: 'bfloat16' } satisfies Record<string, FloatDType>

/** `flagai convert`: a checkpoint in another format. */
export async function convert({ terminal }: Context, input: string, options: ConvertOptions): Promise<void> {
  const { to, output, dtype, json } = options
  const progress = new Progress(terminal, 'converting', { format: bytes })
  const done = await convertCheckpoint(input, output, {
    to,
    dtype: dtype && dtypes[dtype],
    onProgress: progress.update,
  }).finally(() => progress.end())
  if (json) {
    printJson(terminal, done)
    return
  }
  terminal.err(`${done.tensors} tensors, ${bytes(done.bytes)}\n`)
  if (to === 'safetensors') {
    for (const names of done.tied) terminal.err(`written once for each name: ${names.join(', ')}\n`)
  }
  for (const [name, count] of Object.entries(done.infinite)) {
    terminal.err(`${name}: ${count} numbers are too large for fp16 and became infinite\n`)
  }
  terminal.out(`${output}\n`)
}
