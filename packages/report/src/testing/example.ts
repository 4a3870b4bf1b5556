import type { Report, Sample, SectionKind, SectionOf } from '../contract.ts'

/** A PNG of one red pixel. */
const pixel =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=='

/** Values between 0 and 1 that look random and are the same everywhere. */
const noise = (i: number) => ((Math.imul(i + 1, 2654435761) >>> 0) % 10_000) / 10_000

const sampleOf = (i: number): Sample => ({
  id: `sample ${i}`,
  title: i === 1 ? 'قطة على سجادة' : `sample ${i}`,
  outcome: i % 3 === 0 ? { tone: 'bad', label: 'wrong' } : { tone: 'good', label: 'right' },
  ...(i % 3 === 0 && { problem: 'Took a cat for a dog.' }),
  facets: { language: i % 2 === 0 ? 'en' : 'ar' },
  pictures: [{ picture: 'red', caption: 'a red pixel' }],
  texts: [
    {
      label: 'caption',
      text: i % 2 === 0 ? 'a cat on a mat' : 'قطة على سجادة',
      language: i % 2 === 0 ? 'en' : 'ar',
    },
  ],
  scores: [
    { label: 'dog', value: 0.31, tone: 'bad', picture: 'red' },
    { label: 'cat', value: 0.29, tone: 'good' },
  ],
  diffs: [
    {
      label: 'text',
      spans: [
        { kind: 'kept', text: 'write to ' },
        { kind: 'removed', text: 'someone@example.org' },
        { kind: 'added', text: 'email@example.com' },
      ],
    },
  ],
  facts: [{ label: 'rank', value: 2 }],
})

const latencies = Array.from({ length: 400 }, (_, i) => 1 + noise(i) ** 4 * 8)

/** A section of every kind: forgetting one does not compile. */
export const exampleSections: { [K in SectionKind]: SectionOf<K> } = {
  notes: {
    kind: 'notes',
    title: 'Notes',
    items: [
      { tone: 'good', text: 'All nodes ran where asked.' },
      { tone: 'warning', title: 'Noise', text: 'Others used the machine.' },
    ],
  },
  table: {
    kind: 'table',
    title: 'Operators',
    columns: [
      { type: 'text', label: 'operator' },
      { type: 'bar', label: 'time', unit: 'ms' },
      { type: 'number', label: 'rate', unit: 'GFLOP/s', description: 'at the median time' },
    ],
    rows: [
      ['MatMul', 4.2, { value: 90.5, low: 88, high: 93 }],
      ['Softmax', 0.7, 3.25],
      ['Add', 0.3, null],
      ['Conv', 12.5, 71],
      ['Gelu', 0.9, 5],
      ['Gather', 0.1, 0],
    ],
    sort: { column: 1, descending: true },
  },
  distribution: {
    kind: 'distribution',
    title: 'Latency',
    axis: { label: 'latency', unit: 'ms' },
    series: [
      { name: 'one thread', values: latencies, marks: [{ name: 'p50', value: 1.5, low: 1.4, high: 1.7 }] },
      { name: 'two threads', values: latencies.map((x) => 0.6 * x) },
    ],
  },
  funnel: {
    kind: 'funnel',
    title: 'Documents',
    unit: 'documents',
    input: 1000,
    stages: [
      { name: 'language', output: 900, removed: [{ reason: 'not English', count: 100 }] },
      {
        name: 'quality',
        output: 640,
        removed: [
          { reason: 'too short', count: 200 },
          { reason: 'too many symbols', count: 60 },
        ],
        changed: 12,
      },
    ],
  },
  timeline: {
    kind: 'timeline',
    title: 'The run',
    axis: { label: 'time', unit: 's' },
    series: [
      {
        name: 'latency',
        label: 'latency',
        unit: 'ms',
        style: 'dots',
        points: latencies.map((y, i) => [i / 40, y]),
      },
      {
        name: 'memory',
        label: 'memory',
        format: 'bytes',
        style: 'step',
        points: [
          [0, 2 ** 27],
          [5, 2 ** 28],
          [10, 2 ** 28],
        ],
      },
    ],
    events: [
      { name: 'warm-up', start: 0, end: 1.5 },
      { name: 'collection of garbage', start: 6, tone: 'warning' },
    ],
  },
  roofline: {
    kind: 'roofline',
    title: 'Roofline',
    compute: [{ name: 'fp32', value: 110 }],
    bandwidth: [{ name: 'memory', value: 30 }],
    points: [
      { name: '/MatMul', intensity: 40, performance: 88, share: 0.6, group: 'MatMul' },
      { name: '/Add', intensity: 0.08, performance: 1.9, share: 0.1, group: 'Add' },
    ],
  },
  comparison: {
    kind: 'comparison',
    title: 'Before and after',
    axis: { label: 'time ratio', scale: 'log' },
    reference: 1,
    noise: { low: 0.98, high: 1.02 },
    better: 'lower',
    estimates: [
      { name: 'encode', value: 0.8, low: 0.77, high: 0.84, verdict: { tone: 'good', label: '20 % faster' } },
      {
        name: 'decode',
        value: 1.005,
        low: 0.97,
        high: 1.04,
        verdict: { tone: 'neutral', label: 'no difference shown' },
        facts: [{ label: 'pairs', value: 60 }],
      },
    ],
  },
  scatter: {
    kind: 'scatter',
    title: 'Speed against accuracy',
    x: { label: 'time', unit: 'ms' },
    y: { label: 'accuracy', format: 'percent' },
    points: [
      { name: 'small', x: 2, y: 0.61, yInterval: [0.58, 0.64], group: 'int8' },
      { name: 'large', x: 9, y: 0.72, yInterval: [0.69, 0.75], group: 'fp32' },
    ],
    front: [
      [2, 0.61],
      [9, 0.72],
    ],
  },
  radar: {
    kind: 'radar',
    title: 'Languages',
    corners: ['en', 'zh', 'ar'],
    axis: { label: 'accuracy', format: 'percent' },
    rim: 1,
    series: [
      { name: 'small', values: [0.7, 0.5, null] },
      { name: 'large', values: [0.8, 0.7, 0.6] },
    ],
  },
  samples: {
    kind: 'samples',
    title: 'Samples',
    pictures: { red: pixel },
    samples: Array.from({ length: 300 }, (_, i) => sampleOf(i)),
    total: 9000,
  },
  leaderboard: {
    kind: 'leaderboard',
    title: 'Leaderboard',
    axis: { label: 'accuracy', format: 'percent' },
    baselines: ['raw pixels'],
    entries: ['small', 'large'].flatMap((model, m) =>
      ['en', 'ar'].flatMap((language, l) =>
        ['flags', 'emoji'].map((task, t) => {
          const value = 0.4 + 0.2 * m - 0.1 * l + 0.05 * t
          const tier = t === 0 ? 'medium' : 'low'
          return { model, task, language, tier, value, low: value - 0.03, high: value + 0.03, chance: 0.1 }
        }),
      ),
    ),
  },
}
exampleSections.leaderboard.entries.push(
  { model: 'raw pixels', task: 'flags', tier: 'medium', value: 0.2, low: 0.15, high: 0.25, chance: 0.1 },
  { model: 'small', task: 'shapes', language: 'en', tier: 'high', value: null, problem: 'no pictures' },
)

export const exampleReport: Report = {
  title: 'Every kind of section',
  description: 'What the page can show.',
  tool: 'example 0.1.0',
  createdAt: '2026-11-26T18:00:00.000Z',
  environment: [
    { label: 'processor', value: 'one of them' },
    { label: 'cores', value: 2 },
  ],
  warnings: ['These numbers are made up.'],
  sections: Object.values(exampleSections),
}
