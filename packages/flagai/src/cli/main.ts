#!/usr/bin/env node
import { basename } from 'node:path'
import { processTerminal } from '@flag/core-tensor/terminal'
import type { DownloadProgress } from '../hub/index.ts'
import { AltCLIP } from '../models/altclip/index.ts'
import { fingerprintOf } from '../models/fingerprint.ts'
import { modelFolder } from '../models/folder.ts'
import { bytes, type LoadedModel, type LoadOptions } from './context.ts'
import { run } from './program.ts'
import { Progress } from './progress.ts'

async function loadModel(idOrFolder: string, options: LoadOptions): Promise<LoadedModel> {
  const progress = new Progress(processTerminal, idOrFolder, { format: bytes })
  const onProgress = ({ done, size }: DownloadProgress) => progress.update(done, size)
  const folder = await modelFolder(idOrFolder, { onProgress }).finally(() => progress.end())
  const [model, fingerprint] = await Promise.all([
    AltCLIP.fromPretrained(folder, options),
    fingerprintOf(folder),
  ])
  return {
    model,
    name: idOrFolder.includes('/') ? idOrFolder : basename(folder),
    // Vectors of weights in full precision are the same under both names.
    fingerprint: ['auto', 'fp32'].includes(options.dtype) ? fingerprint : `${fingerprint} ${options.dtype}`,
  }
}

process.exitCode = await run(process.argv.slice(2), { terminal: processTerminal, loadModel })
