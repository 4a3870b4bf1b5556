import { executionProviders, type ProviderProbe, probeProvider } from '@flag/core-tensor'
import { columns, printJson, type Terminal } from '@flag/core-tensor/terminal'
import { checkAdapter } from '../adapters/check.ts'
import { findAdapter } from '../adapters/index.ts'
import { environment } from '../results/environment.ts'

/** `flagperf doctor`: what this machine offers, found out by trying it, and what would disturb measurements. */
export async function doctor(
  terminal: Terminal,
  options: { json?: boolean },
  probe: typeof probeProvider = probeProvider,
): Promise<void> {
  const providers: Record<string, ProviderProbe> = {}
  // One after the other: each runs in a process of its own, and a driver may not like company.
  for (const provider of executionProviders) providers[provider] = await probe(provider)
  const machine = environment()
  const libc = process.platform === 'linux' ? libcOf() : undefined
  const report = { environment: machine, libc, providers }
  if (options.json) {
    printJson(terminal, report)
    return
  }
  const rows = [
    ...Object.entries(machine).map(([key, value]) => [key, String(value)]),
    ...(libc === undefined ? [] : [['libc', libc]]),
    ...Object.entries(providers).map(([name, { usable, ...rest }]) => [
      `provider ${name}`,
      usable ? 'works' : `does not work: ${'reason' in rest ? plain(rest.reason) : ''}`,
    ]),
  ]
  terminal.out(`${columns(rows)}\n`)
}

/** `flagperf doctor --adapter`: whether an adapter is sound. */
export async function doctorAdapter(
  terminal: Terminal,
  options: { adapter: string; json?: boolean },
): Promise<boolean> {
  const report = await checkAdapter(await findAdapter(options.adapter))
  if (options.json) {
    printJson(terminal, report)
    return report.sound
  }
  const verdict = { true: 'passed', false: 'FAILED', null: 'not looked at' }
  const rows = [
    ['adapter', report.adapter],
    ['usable here', report.usable ? 'yes' : `no: ${plain(report.reason ?? '')}`],
    ...report.checks.map(({ name, passed, detail }) => [name, `${verdict[`${passed}`]}: ${plain(detail)}`]),
    ['sound', report.sound ? 'yes' : 'no'],
    ...report.caveats.map((caveat) => ['note', caveat]),
  ]
  terminal.out(`${columns(rows)}\n`)
  return report.sound
}

/** ONNX Runtime puts the place in its C++ sources and the failed condition before what it has to say. */
const plain = (reason: string) => reason.replace(/^\S+\.cc:\d+ .*? was false\. /, '')

/** ONNX Runtime's packages are built for glibc alone. */
function libcOf(): string {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  const glibc = header.glibcVersionRuntime
  return glibc ? `glibc ${glibc}` : 'not glibc (musl?): onnxruntime-node does not run here'
}
