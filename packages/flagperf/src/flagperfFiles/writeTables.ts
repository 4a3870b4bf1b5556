import { type MonitorSeries, summaryOf } from '../monitors/series.ts'
import { type BaseRaw, baseNumbers } from '../results/base.ts'
import { modelNumbers } from '../results/derive.ts'
import { type OpRaw, opNumbers } from '../results/op.ts'
import type { CaseRow, ModelRaw, ResultFile } from '../results/schema.ts'
import { table } from '../results/table.ts'
import { type TrainRaw, trainNumbers } from '../results/train.ts'
import type { FlagperfCase, InferenceConfig } from './config.ts'
import { besideRows, type FlagperfTable, UNMEASURED } from './tables.ts'

/** What a row says in its options when a configuration of FlagPerf asked for it. */
export interface FlagperfPlace {
  readonly asked: FlagperfCase
  readonly config?: InferenceConfig
}

const placeOf = ({ options }: CaseRow) => options.flagperf as FlagperfPlace | undefined

const known = (value: number | null | undefined, unit = '', decimals = 2) =>
  value === null || value === undefined || !Number.isFinite(value)
    ? UNMEASURED
    : `${+value.toFixed(decimals)}${unit}`
/** Small rates keep four digits: those of a processor are a hundredth of those that FlagPerf's two decimals are made for. */
const rate = (value: number | null | undefined, unit = '') =>
  value === null || value === undefined ? UNMEASURED : `${+value.toPrecision(4)}${unit}`
const share = (value: number | null | undefined) =>
  value === null || value === undefined ? UNMEASURED : `${+(100 * value).toPrecision(3)}%`

/** Largest difference from the CPU's result, relative to its largest element, that is still called correct. */
const CORRECT: Readonly<Record<string, number>> = { float32: 1e-4, float16: 1e-2 }

const baseTitles: Readonly<Record<string, string>> = {
  'gemm float32': 'FP32算力',
  'gemm float16': 'FP16算力',
  'gemm int8': 'INT8算力',
  'memory float32': '主存储带宽',
  'capacity float32': '主存储容量',
  'transfer-in float32': 'CPU-芯片互联带宽',
}

/** What lasts, as FlagPerf's mean over minutes is: the median run. */
function baseTables(raw: BaseRaw): FlagperfTable[] {
  const title = baseTitles[`${raw.probe} ${raw.dtype}`]
  if (title === undefined) return []
  const { median, unit } = baseNumbers(raw)
  const value =
    unit === 'GB'
      ? median === null
        ? UNMEASURED
        : `${known((median * 1e9) / 2 ** 30, 'GiB')}(${known(median, 'GB')})`
      : unit === 'GB/s'
        ? rate(median, 'GB/s')
        : rate(median === null ? null : median / 1000, unit === 'GOP/s' ? 'TOPS' : 'TFLOPS')
  // What a data sheet says is not known here.
  return [
    {
      title: '核心评测结果',
      header: ['评测项', `${title}测试值`, `${title}标定值`, '测试标定比例'],
      rows: [['评测结果', value, UNMEASURED, UNMEASURED]],
    },
  ]
}

function operationTables(raw: OpRaw, row: CaseRow): FlagperfTable[] {
  const { callUs, kernelUs, firstMs, flops, uncounted, relativeError } = opNumbers(raw)
  const asked = placeOf(row)?.asked
  const spec = asked?.part === 'operation' ? asked.specTflops : undefined
  const tflops = (microseconds: number | null) =>
    microseconds === null || uncounted.length > 0 || flops === 0 ? null : flops / microseconds / 1e6
  const used = (value: number | null) => (spec && value !== null ? value / spec : null)
  const limit = CORRECT[String(row.options.dtype)] ?? 0
  const correctness =
    relativeError === undefined
      ? UNMEASURED
      : relativeError !== null && relativeError <= limit
        ? 'True'
        : 'False'
  const name = `onnxruntime-${raw.provider}`
  const [byCall, byKernel] = [tflops(callUs), tflops(kernelUs)]
  const perSecond = (microseconds: number | null) => (microseconds === null ? null : 1e6 / microseconds)
  return [
    {
      title: '核心评测结果',
      header: [
        '评测项',
        'correctness',
        'TFLOPS(cpu wall clock)',
        'TFLOPS(kernel clock)',
        'FU(FLOPS Utilization)-cputime',
        'FU-kerneltime',
      ],
      rows: [
        [
          name,
          correctness,
          rate(byCall, 'TFLOPS'),
          rate(byKernel, 'TFLOPS'),
          share(used(byCall)),
          share(used(byKernel)),
        ],
      ],
    },
    {
      title: '其他评测结果',
      header: [
        '评测项',
        'cputime',
        'kerneltime',
        'cputime吞吐',
        'kerneltime吞吐',
        '无预热时延',
        '预热后时延',
      ],
      rows: [
        [
          name,
          known(callUs, 'us'),
          known(kernelUs, 'us'),
          known(perSecond(callUs), 'op/s'),
          known(perSecond(kernelUs), 'op/s'),
          known(firstMs * 1000, 'us'),
          known(callUs, 'us'),
        ],
      ],
    },
  ]
}

const precisions: Readonly<Record<string, string>> = { float32: 'fp32', float16: 'fp16', bfloat16: 'bf16' }

/** Samples of ours are batches: rates are of the items in them. */
function inferenceTables(raw: ModelRaw, row: CaseRow): FlagperfTable[] {
  const { wholePerSecond, corePerSecond, roofline, attribution } = modelNumbers(raw)
  const batch = batchOf(row)
  const seconds = (raw.openNs + raw.firstRunNs + Math.max(...raw.record.completedNs)) / 1e9
  const dtype = attribution.nodes.find(({ work }) => work.macs > 0)?.dtype ?? ''
  const memory = row.noise?.maxMemoryBytes
  return [
    {
      title: '指标值',
      header: [
        '推理工具',
        'precision',
        'bs',
        'e2e_time',
        'p_val_whole',
        'p_val_core',
        'p_infer_whole',
        '*p_infer_core',
        '*MFU',
        'acc',
        'mem',
      ],
      rows: [
        [
          `onnxruntime-${raw.provider}`,
          precisions[dtype] ?? (dtype || UNMEASURED),
          String(batch),
          known(seconds),
          // There is no data to validate on: rates of validation and accuracy are not measured.
          UNMEASURED,
          UNMEASURED,
          rate(wholePerSecond * batch),
          rate(corePerSecond === null ? null : corePerSecond * batch),
          share(roofline?.mfu),
          UNMEASURED,
          raw.provider === 'cpu' && memory !== undefined ? known(memory / 2 ** 30) : UNMEASURED,
        ],
      ],
    },
  ]
}

/** FlagPerf's batch is of the first axis that was left open. */
function batchOf(row: CaseRow): number {
  const asked = placeOf(row)?.config?.batchSize
  if (asked !== undefined) return asked
  const sizes = row.options.sizes as Readonly<Record<string, number>> | undefined
  return sizes?.batch ?? sizes?.batch_size ?? 1
}

function trainingTables(raw: TrainRaw, row: CaseRow): FlagperfTable[] {
  const { finalQuality, converged } = trainNumbers(raw)
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
  const steps = sum(raw.stepNs) / 1e9
  const last = raw.evaluations.at(-1)
  // Evaluations are part of the whole; what came after the last is steps alone.
  const whole = last === undefined ? steps : (last.atNs + sum(raw.stepNs.slice(last.step))) / 1e9
  const samples = raw.stepNs.length * raw.batchSize
  const memory = row.noise?.maxMemoryBytes
  return [
    {
      title: '性能指标',
      header: ['配置', 'precision', 'fix_hp', 'e2e_time', 'p_whole', 'p_train', 'p_core', 'acc', 'mem'],
      rows: [
        [
          `${raw.task}（1x1）`,
          'fp32',
          UNMEASURED,
          known(whole + raw.startNs / 1e9),
          rate(samples / whole),
          rate(samples / steps),
          // A step makes its batch itself: the time without it is not known.
          UNMEASURED,
          finalQuality === null
            ? UNMEASURED
            : `${rate(finalQuality)}${converged === false ? ' (目标未达到)' : ''}`,
          memory === undefined ? UNMEASURED : known(memory / 2 ** 30),
        ],
      ],
    },
  ]
}

/** FlagPerf's monitors of a case. Power of the server and power of a card are other things than RAPL's packages. */
function monitorTables(monitor: MonitorSeries | undefined, memoryBytes: number): FlagperfTable[] {
  if (!monitor) return []
  const of = (column: string) => summaryOf(monitor, column)
  const power = of('gpu.power')
  const watts = (monitor.values['gpu.power'] ?? []).filter((value) => value !== null)
  const deviation =
    power === undefined
      ? null
      : Math.sqrt(watts.reduce((sum, value) => sum + (value - power.mean) ** 2, 0) / watts.length)
  const free = of('memory.available')?.mean
  return [
    {
      title: '能耗监控结果',
      header: [
        '监控项',
        '系统平均功耗',
        '系统最大功耗',
        '系统功耗标准差',
        '单机TDP',
        '单卡平均功耗',
        '单卡最大功耗',
        '单卡功耗标准差',
        '单卡TDP',
      ],
      rows: [
        [
          '监控结果',
          ...Array(4).fill(UNMEASURED),
          known(power?.mean, 'W'),
          known(power?.max, 'W'),
          known(deviation, 'W'),
          UNMEASURED,
        ],
      ],
    },
    {
      title: '其他重要监控结果',
      header: ['监控项', '系统平均CPU占用', '系统平均内存占用', '单卡平均温度', '单卡最大显存占用'],
      rows: [
        [
          '监控结果',
          share(of('processor.busy')?.mean),
          share(free === undefined ? null : 1 - free / memoryBytes),
          known(of('gpu.temperature')?.mean, '°C'),
          known(
            of('gpu.memory')?.max === undefined ? null : (of('gpu.memory')?.max as number) / 2 ** 30,
            'GiB',
          ),
        ],
      ],
    },
  ]
}

function tablesOf(row: CaseRow, memoryBytes: number): FlagperfTable[] {
  const { raw, monitor } = row
  if (!raw) return []
  const own =
    raw.kind === 'base'
      ? baseTables(raw)
      : raw.kind === 'op'
        ? operationTables(raw, row)
        : raw.kind === 'model'
          ? inferenceTables(raw, row)
          : raw.kind === 'train'
            ? trainingTables(raw, row)
            : []
  return own.length === 0 ? [] : [...own, ...monitorTables(monitor, memoryBytes)]
}

/** What FlagPerf would call the case: its operator, model or item. */
function subjectOf(row: CaseRow): string {
  const asked = placeOf(row)?.asked
  if (asked === undefined) return row.raw?.kind === 'op' ? String(row.options.operator) : row.name
  return asked.part === 'operation' ? asked.operator : asked.part === 'base' ? asked.item : asked.model
}

/**
 * A result as FlagPerf publishes its own: a section for each case with its tables, `/` where nothing was measured. `beside`
 * gives, by the name of an operator, item or model, tables of published pages, whose rows are put under ours.
 */
export function toFlagperf(
  result: ResultFile,
  beside: Readonly<Record<string, readonly FlagperfTable[]>> = {},
): string {
  const { environment: env, cases } = result
  const measured = cases.map((row) => ({ row, tables: tablesOf(row, env.memoryBytes) }))
  const parts = [
    '# 所用服务器配置',
    [
      `* CPU：${env.processor}, ${env.availableCores}/${env.cores}`,
      `* 操作系统版本：${env.platform} ${env.architecture}`,
      `* 操作系统内核：${env.kernel}`,
      `* 内存：${+(env.memoryBytes / 2 ** 30).toFixed(1)}GiB`,
      `* 依赖软件版本：onnxruntime-node ${env.onnxruntime}, Node ${env.node}, flagperf ${env.flagperf}`,
    ].join('\n'),
    '# 评测结果',
  ]
  for (const { row, tables } of measured) {
    if (tables.length === 0) continue
    const subject = subjectOf(row)
    parts.push(`## ${subject === row.name ? subject : `${subject}: ${row.name}`}`)
    const others = beside[subject] ?? []
    for (const each of tables) {
      const { title, header, rows } = besideRows(each, others)
      parts.push(`### ${title}`, table(header.map(escaped), rows))
    }
    const note = noteOf(row)
    if (note) parts.push(note)
  }
  const left = measured.filter(({ tables }) => tables.length === 0).map(({ row }) => row)
  if (left.length > 0)
    parts.push(
      '## 未评测',
      table(
        ['case', 'status', 'why'],
        left.map(({ name, status, message }) => [name, status, message ?? 'FlagPerf has no table for it']),
      ),
    )
  return `${parts.join('\n\n')}\n`
}

const escaped = (text: string) => text.replaceAll('*', '\\*')

/** What FlagPerf's numbers mean here where that differs, and whether the operations that its configuration states are ours. */
function noteOf(row: CaseRow): string | undefined {
  if (row.raw?.kind !== 'model') return undefined
  const { attribution, roofline } = modelNumbers(row.raw)
  const stated = placeOf(row)?.config?.statedFlops
  const counted = attribution.flops / batchOf(row)
  return [
    ...(roofline ? ['MFU: of the fp32 product that was measured on this machine, not of a data sheet.'] : []),
    ...(stated === undefined
      ? []
      : [
          `flops: the configuration states ${stated.toPrecision(4)} an item, ${counted.toPrecision(4)} were counted (a multiply-accumulate is two).`,
        ]),
  ].join(' ')
}
