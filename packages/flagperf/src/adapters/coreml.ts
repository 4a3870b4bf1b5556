import { probeProvider } from '@flag/core-tensor'
import { processorMonitor } from '../monitors/processor.ts'
import { defineAdapter } from './adapter.ts'
import { deviceCeilings } from './ceilings.ts'

/** Apple's GPU and Neural Engine, through Core ML: macOS on arm64 only. */
export const coreml = defineAdapter({
  name: 'coreml',
  provider: 'coreml',
  probe: () => probeProvider('coreml'),
  sessionOptions: () => ({}),
  monitors: [processorMonitor],
  ceilings: (extent) => deviceCeilings(extent, ['float32', 'float16']),
  caveats: [
    'Core ML decides whether CPU, GPU or Neural Engine computes, and does not say which did.',
    'Matrices may be computed in fp16 although they are fp32: the agreement with the CPU tells.',
  ],
})
