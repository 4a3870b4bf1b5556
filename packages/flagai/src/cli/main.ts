#!/usr/bin/env node
import { basename } from 'node:path'
import { AltCLIP } from '../models/altclip/index.ts'
import { fingerprintOf } from '../models/fingerprint.ts'
import { modelFolder } from '../models/folder.ts'
import type { LoadedModel } from './context.ts'
import { run } from './program.ts'
import { processTerminal } from './terminal.ts'

async function loadModel(idOrFolder: string): Promise<LoadedModel> {
  const folder = await modelFolder(idOrFolder)
  const [model, fingerprint] = await Promise.all([AltCLIP.fromPretrained(folder), fingerprintOf(folder)])
  return { model, name: idOrFolder.includes('/') ? idOrFolder : basename(folder), fingerprint }
}

process.exitCode = await run(process.argv.slice(2), { terminal: processTerminal, loadModel })
