import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { createSession, type Tensor } from '@flag/core-tensor'
import { readPorts } from '../attribution/nodes.ts'
import { profileModel } from '../attribution/run.ts'
import { agreementOf } from '../compare/agreement.ts'
import type { SystemUnderTest } from '../loadgen/driver.ts'
import { runLoadTest } from '../loadgen/loadTest.ts'
import { defaultSettings, type TestSettings } from '../loadgen/settings.ts'
import { settingsToJson } from '../results/derive.ts'
import type { ModelRaw } from '../results/schema.ts'
import { makeInputs } from './inputs.ts'
import type { ModelSpec } from './spec.ts'

/** Made-up inputs that queries choose from. */
const SAMPLES = 16

/**
 * Measures a model: opens it, runs it once, puts it under the load, and profiles its nodes. The session lives in a thread
 * of its own, the driver in this one. Throws `runtime` when the provider does not work here.
 */
export async function measureModel(spec: ModelSpec): Promise<ModelRaw> {
  const file = resolve(spec.model)
  const inputs = readPorts(await readFile(file))
  const samples = Array.from({ length: SAMPLES }, (_, seed) =>
    makeInputs(inputs, { sizes: spec.sizes, fill: spec.fill, seed }),
  )
  const opening = process.hrtime.bigint()
  const session = await createSession(file, { providers: [spec.provider], threads: spec.threads })
  const opened = process.hrtime.bigint()
  try {
    const outputs = await session.run(samples[0])
    const firstRun = process.hrtime.bigint()
    const system: SystemUnderTest = {
      name: spec.model,
      // One run of the model for each sample, one after another: the runtime does not overlap runs of a session.
      async issueQuery(query, complete) {
        for (const sample of query) {
          await session.run(samples[sample.index])
          complete(sample)
        }
      },
    }
    const settings = {
      ...defaultSettings,
      ...(await expectations(() => session.run(samples[0]))),
      ...spec.settings,
    }
    const counts = { total: SAMPLES, performance: SAMPLES }
    const { run } = await runLoadTest(system, { name: 'made-up', ...counts }, settings)
    const { profile, nodes } = await profileModel(file, samples[0], {
      provider: spec.provider,
      threads: spec.threads,
      runs: spec.profiledRuns,
    })
    const reference = await referenceOutputs(file, samples[0])
    const byName = new Map(nodes.map((node) => [node.name, node]))
    return {
      kind: 'model',
      settings: settingsToJson(settings),
      samples: counts,
      record: run.record as ModelRaw['record'],
      openNs: Number(opened - opening),
      firstRunNs: Number(firstRun - opened),
      provider: spec.provider,
      agreement: agreementOf(partsOf(outputs), partsOf(reference)),
      profile: profile.map((node) => {
        const { domain = '', attributes = {} } = byName.get(node.name) ?? {}
        const given = node.inputs.map((input) => input ?? null)
        return { ...node, inputs: given, domain, attributes } as ModelRaw['profile'][number]
      }),
    }
  } finally {
    await session.dispose()
  }
}

const partsOf = (outputs: Readonly<Record<string, Tensor>>) =>
  Object.entries(outputs).map(([name, { dtype, shape, data }]) => ({ name, dtype, shape, data }))

/** What the model gives as it is written: on the CPU, in one thread, without graph optimisation. */
async function referenceOutputs(
  file: string,
  inputs: Readonly<Record<string, Tensor>>,
): Promise<Record<string, Tensor>> {
  const session = await createSession(file, { providers: ['cpu'], threads: 1, optimization: 'disabled' })
  try {
    return await session.run(inputs)
  } finally {
    await session.dispose()
  }
}

/** Runs of which the fastest says what is to be expected. */
const TRIALS = 3

/** LoadGen plans its queries by what it is told to expect: the fastest of a few runs. */
async function expectations(run: () => Promise<unknown>): Promise<Partial<TestSettings>> {
  let fastestNs = Number.POSITIVE_INFINITY
  for (let i = 0; i < TRIALS; i++) {
    const start = process.hrtime.bigint()
    await run()
    fastestNs = Math.min(fastestNs, Number(process.hrtime.bigint() - start))
  }
  return { singleStreamExpectedLatencyNs: fastestNs, offlineExpectedQps: 1e9 / fastestNs }
}
