import { stat } from 'node:fs/promises'
import { FlagError } from '@flag/core-tensor'
import { printJson } from '@flag/core-tensor/terminal'
import { exportOnnx } from '../models/export.ts'
import type { ModelDType } from '../models/precision.ts'
import { type Context, conversionProgress, withModel } from './context.ts'

export interface ExportCommandOptions {
  onnx: string
  dtype: ModelDType
  opset: number
  inPlace?: boolean
  json?: boolean
}

/** `flagai export`: a model as ONNX files that other runtimes open. */
export async function exportModel(
  context: Context,
  id: string,
  { onnx: folder, dtype, opset, inPlace, json }: ExportCommandOptions,
): Promise<void> {
  const { terminal } = context
  await withModel(context, { model: id, dtype }, async ({ model, name }) => {
    const { towers } = model
    if (!towers) throw new FlagError('unsupported', `${name}: this model cannot be written as ONNX files`)
    const onConversion = conversionProgress(terminal)
    const files = await exportOnnx({ towers }, folder, { dtype, opset, inPlace, onConversion })
    if (json) {
      const sizes = await Promise.all(files.map(async (file) => ({ file, bytes: (await stat(file)).size })))
      printJson(terminal, { model: name, dtype, opset, files: sizes })
      return
    }
    for (const file of files) terminal.err(`wrote ${file}\n`)
  })
}
