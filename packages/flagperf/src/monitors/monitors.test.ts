import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startBackground } from './background.ts'
import { monitors } from './index.ts'
import { nvidiaMonitor, parseLine } from './nvidia.ts'
import { counted, powerMonitor } from './power.ts'
import { integralOf, type MonitorSeries, summaryOf } from './series.ts'
import { temperatureMonitor } from './temperature.ts'
import { startMonitors } from './watch.ts'

const self = { pid: () => process.pid }

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'flagperf-monitors-'))
})
afterAll(() => rm(root, { recursive: true }))

async function files(contents: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(root, 'sys-'))
  for (const [name, text] of Object.entries(contents)) {
    await mkdir(join(folder, name, '..'), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  return folder
}

describe('power', () => {
  test('is what the counters of all packages have counted', async () => {
    const folder = await files({
      'intel-rapl:0/energy_uj': '999000',
      'intel-rapl:0/max_energy_range_uj': '1000000',
      'intel-rapl:0:0/energy_uj': '5',
      'intel-rapl:1/energy_uj': '100',
      'intel-rapl:1/max_energy_range_uj': '1000000',
    })
    const watch = await powerMonitor(folder).start(self)
    if (typeof watch === 'string') throw new Error(watch)
    // The first wraps: 1000 up to the range and 3000 after it; the second counts 6000.
    await writeFile(join(folder, 'intel-rapl:0/energy_uj'), '3000')
    await writeFile(join(folder, 'intel-rapl:1/energy_uj'), '6100')
    const { 'power.processor': watts } = await watch.read()
    // 0.01 J in a time that is above 0 and not known.
    expect(watts).toBeGreaterThan(0)
    expect(await watch.read()).toEqual({ 'power.processor': 0 })
    expect([counted(5, 9, 100), counted(95, 5, 100)]).toEqual([4, 10])
  })

  test('that cannot be read is a reason, not 0', async () => {
    expect(await powerMonitor(join(root, 'none')).start(self)).toMatch(/is not there/)
    expect(await powerMonitor(await files({ 'dtpm/name': '' })).start(self)).toMatch(/no package domain/)
    expect(await temperatureMonitor(join(root, 'none')).start(self)).toMatch(/no zone/)
    expect(await nvidiaMonitor(join(root, 'no-smi')).start(self)).toMatch(/ENOENT/)
  })
})

test('the temperature is that of the hottest zone', async () => {
  const folder = await files({
    'thermal_zone0/temp': '41000\n',
    'thermal_zone1/temp': '57500\n',
    'cooling_device0/temp': '99000',
  })
  const watch = await temperatureMonitor(folder).start(self)
  if (typeof watch === 'string') throw new Error(watch)
  expect(await watch.read()).toEqual({ 'temperature.hottest': 57.5 })
})

describe('nvidia-smi', () => {
  test('a line in units of the columns; what a card does not tell is null', () => {
    expect(parseLine('87, 1024, 412.31, 61, 1980')).toEqual({
      'gpu.busy': 0.87,
      'gpu.memory': 2 ** 30,
      'gpu.power': 412.31,
      'gpu.temperature': 61,
      'gpu.clock': 1980,
    })
    expect(parseLine('0, 0, [N/A], 30, 0')).toMatchObject({ 'gpu.busy': 0, 'gpu.power': null })
  })

  test('is read from its output, and its errors are the reason', async () => {
    const smi = join(root, 'smi.sh')
    await writeFile(smi, '#!/bin/sh\necho "10, 2, 70.5, 33, 345"\nsleep 60\n', { mode: 0o755 })
    const watch = await nvidiaMonitor(smi).start(self)
    if (typeof watch === 'string') throw new Error(watch)
    expect(await watch.read()).toMatchObject({ 'gpu.power': 70.5, 'gpu.memory': 2 ** 21 })
    watch.stop?.()
    const broken = join(root, 'broken.sh')
    await writeFile(broken, '#!/bin/sh\necho "NVIDIA-SMI has failed: no driver"\nexit 9\n', { mode: 0o755 })
    expect(await nvidiaMonitor(broken).start(self)).toMatch(/exit code 9: NVIDIA-SMI has failed/)
  })
})

test('one monitor that fails leaves the others', async () => {
  const broken = {
    name: 'broken',
    columns: { x: 'V' },
    start() {
      throw new Error('no luck')
    },
  }
  const started = await startMonitors(self.pid, [broken, ...monitors.slice(0, 2)])
  expect(started.unavailable).toEqual({ broken: 'no luck' })
  const { values } = await started.read()
  expect(values['memory.available']).toBeGreaterThan(0)
  if (process.platform === 'linux') expect(values['memory.case']).toBeGreaterThan(2 ** 20)
  started.stop()
})

test('in the background: readings with times, and what there is not', async () => {
  const background = await startBackground(undefined, 20)
  const start = Date.now()
  background.watch(process.pid)
  // Readings come as messages: each turn of the event loop may bring one.
  while (background.since(start).atMs.length < 3) await new Promise(setImmediate)
  const series = background.since(start)
  background.stop()
  expect(series.units).toMatchObject({ 'processor.busy': 'share', 'memory.available': 'B' })
  expect(series.values['memory.available'].every((bytes) => (bytes ?? 0) > 0)).toBe(true)
  for (const [column, values] of Object.entries(series.values))
    expect([column, values.length]).toEqual([column, series.atMs.length])
  // Every monitor is there or says why it is not.
  const present = new Set(Object.keys(series.units).map((column) => column.split('.')[0]))
  expect(present.size + Object.keys(series.unavailable).length).toBe(monitors.length)
})

test('summary and integral', () => {
  const series: MonitorSeries = {
    intervalMs: 1000,
    units: { p: 'W' },
    atMs: [0, 1000, 2000, 4000],
    values: { p: [10, 20, null, 40] },
    unavailable: {},
  }
  expect(summaryOf(series, 'p')).toEqual({ mean: 70 / 3, min: 10, max: 40, unit: 'W' })
  expect(integralOf(series, 'p')).toEqual({ value: 15 + 90, seconds: 4 })
  expect(summaryOf(series, 'q')).toBeUndefined()
  expect(integralOf({ ...series, values: { p: [null, 1, null, null] } }, 'p')).toBeUndefined()
})
