#!/usr/bin/env node
import { basename } from 'node:path'
import type { DownloadProgress } from '../hub/index.ts'
import { AltCLIP } from '../models/altclip/index.ts'
import { modelFolder } from '../models/folder.ts'
import { bytes, type LoadedModel } from './context.ts'
import { fingerprintOf } from './models.ts'
import { run } from './program.ts'
import { Progress, processTerminal } from './terminal.ts'

async function loadModel(idOrFolder: string): Promise<LoadedModel> {
  const progress = new Progress(processTerminal, idOrFolder, { format: bytes })
  const onProgress = ({ done, size }: DownloadProgress) => progress.update(done, size)
  const folder = await modelFolder(idOrFolder, { onProgress }).finally(() => progress.end())
  const [model, fingerprint] = await Promise.all([AltCLIP.fromPretrained(folder), fingerprintOf(folder)])
  return { model, name: idOrFolder.includes('/') ? idOrFolder : basename(folder), fingerprint }
}

process.exitCode = await run(process.argv.slice(2), { terminal: processTerminal, loadModel })
