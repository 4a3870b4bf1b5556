import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { availableParallelism, cpus, freemem, release, totalmem } from 'node:os'
import { executionProviders, type ProviderProbe, probeProvider } from '@flag/core-tensor'
import { columns, printJson } from '@flag/core-tensor/terminal'
import sharp from 'sharp'
import { EMBEDDED_MODEL, modelFolder } from '../models/folder.ts'
import type { Context } from './context.ts'
import { VERSION } from './models.ts'

/** Version of an installed package, or why there is none. */
async function versionOf(name: string): Promise<string> {
  try {
    const entry = createRequire(import.meta.url)
      .resolve(name)
      .replaceAll('\\', '/')
    const folder = entry.slice(
      0,
      entry.lastIndexOf(`/node_modules/${name}/`) + `/node_modules/${name}/`.length,
    )
    return JSON.parse(await readFile(`${folder}package.json`, 'utf8')).version
  } catch (error) {
    return `not found (${(error as Error).message.split('\n')[0]})`
  }
}

const gigabytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GB`

/** `flagai doctor`: what this machine offers, found out by trying it. */
export async function doctor({ terminal }: Context, options: { json?: boolean }): Promise<void> {
  const providers: Record<string, ProviderProbe> = {}
  // One after the other: each runs in a process of its own, and a driver may not like company.
  for (const provider of executionProviders) providers[provider] = await probeProvider(provider)
  const report = {
    versions: {
      '@flag/ai': VERSION,
      node: process.versions.node,
      'onnxruntime-node': await versionOf('onnxruntime-node'),
      sharp: sharp.versions.sharp ?? 'unknown',
      libvips: sharp.versions.vips,
    },
    platform: `${process.platform} ${release()} ${process.arch}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    threads: availableParallelism(),
    memory: { total: totalmem(), free: freemem() },
    providers,
    model: await modelFolder(EMBEDDED_MODEL, { offline: true }).catch(() => null),
  }
  if (options.json) {
    printJson(terminal, report)
    return
  }
  const rows = [
    ...Object.entries(report.versions),
    ['platform', report.platform],
    ['processor', report.processor],
    ['threads', String(report.threads)],
    ['memory', `${gigabytes(report.memory.total)}, ${gigabytes(report.memory.free)} free`],
    ...Object.entries(providers).map(([name, probe]) => [
      `provider ${name}`,
      probe.usable ? 'works' : `does not work: ${probe.reason}`,
    ]),
    [`model ${EMBEDDED_MODEL}`, report.model ?? 'not here'],
  ]
  terminal.out(`${columns(rows)}\n`)
}
