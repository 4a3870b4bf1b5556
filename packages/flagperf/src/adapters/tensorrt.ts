import { probeProvider } from '@flag/core-tensor'
import { nvidiaMonitor } from '../monitors/nvidia.ts'
import { processorMonitor } from '../monitors/processor.ts'
import { defineAdapter } from './adapter.ts'
import { deviceCeilings } from './ceilings.ts'

/** NVIDIA's GPUs through TensorRT: Linux x64 only. */
export const tensorrt = defineAdapter({
  name: 'tensorrt',
  provider: 'tensorrt',
  probe: () => probeProvider('tensorrt'),
  sessionOptions: ({ device }) => (device === undefined ? {} : { deviceId: device }),
  monitors: [processorMonitor, nvidiaMonitor()],
  ceilings: (extent) => deviceCeilings(extent, ['float32', 'float16']),
  caveats: [
    'The npm package does not contain the TensorRT libraries; see the caveats of cuda.',
    'Opening a model builds an engine, which takes seconds to minutes; engines cannot be kept from JavaScript.',
    'fp16 and int8 of an fp32 model cannot be switched on from JavaScript.',
  ],
})
