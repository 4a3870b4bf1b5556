import { probeProvider } from '@flag/core-tensor'
import { memoryMonitor } from '../monitors/memory.ts'
import { powerMonitor } from '../monitors/power.ts'
import { processorMonitor } from '../monitors/processor.ts'
import { temperatureMonitor } from '../monitors/temperature.ts'
import { defineAdapter } from './adapter.ts'
import { hostCeilings } from './ceilings.ts'

/** Processors, through ONNX Runtime's own kernels (MLAS). */
export const cpu = defineAdapter({
  name: 'cpu',
  provider: 'cpu',
  probe: () => probeProvider('cpu'),
  sessionOptions: () => ({}),
  monitors: [processorMonitor, memoryMonitor, powerMonitor(), temperatureMonitor()],
  ceilings: hostCeilings,
  caveats: [
    'fp16 products are computed in fp32 on x86-64: they are not faster.',
    'In a virtual machine a core may be half of one, and its clock is hidden: ceilings are what is left of the chip.',
    'Inputs are read where they lie, so there is no transfer to measure; results are copied.',
  ],
})
