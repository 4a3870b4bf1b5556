import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  resolve: {
    // Tests run on the sources, so that a failing test points at the line that was written.
    alias: {
      '@flag/core-tensor/statistics': source('./packages/core-tensor/src/statistics/index.ts'),
      '@flag/core-tensor/terminal': source('./packages/core-tensor/src/terminal/index.ts'),
      '@flag/core-tensor': source('./packages/core-tensor/src/index.ts'),
      '@flag/ai': source('./packages/flagai/src/index.ts'),
      '@flag/data': source('./packages/flagdata/src/index.ts'),
      '@flag/perf': source('./packages/flagperf/src/index.ts'),
      '@flag/eval': source('./packages/flageval/src/index.ts'),
      '@flag/report': source('./packages/report/src/index.ts'),
    },
  },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'tools/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Tests meet no other hub than their own.
    env: { ORT_DISABLE_TELEMETRY: '1', HF_HUB_OFFLINE: '1' },
  },
})
