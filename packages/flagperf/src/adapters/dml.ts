import { probeProvider } from '@flag/core-tensor'
import { nvidiaMonitor } from '../monitors/nvidia.ts'
import { processorMonitor } from '../monitors/processor.ts'
import { defineAdapter } from './adapter.ts'
import { deviceCeilings } from './ceilings.ts'

/** Any GPU with Direct3D 12, through DirectML: Windows only. */
export const dml = defineAdapter({
  name: 'dml',
  provider: 'dml',
  probe: () => probeProvider('dml'),
  sessionOptions: ({ device }) => (device === undefined ? {} : { deviceId: device }),
  monitors: [processorMonitor, nvidiaMonitor()],
  ceilings: (extent) => deviceCeilings(extent, ['float32', 'float16', 'int8']),
  caveats: [
    'Each run sends inputs and fetches results: tensors on the device cannot be reached from JavaScript.',
  ],
})
