import { probeProvider } from '@flag/core-tensor'
import { nvidiaMonitor } from '../monitors/nvidia.ts'
import { processorMonitor } from '../monitors/processor.ts'
import { defineAdapter } from './adapter.ts'
import { deviceCeilings } from './ceilings.ts'

/** NVIDIA's GPUs through CUDA: Linux x64 only. */
export const cuda = defineAdapter({
  name: 'cuda',
  provider: 'cuda',
  probe: () => probeProvider('cuda'),
  sessionOptions: ({ device }) => (device === undefined ? {} : { deviceId: device }),
  monitors: [processorMonitor, nvidiaMonitor()],
  ceilings: (extent) => deviceCeilings(extent),
  caveats: [
    'The npm package does not contain the CUDA libraries: its install script fetches them, and Flag does not run install scripts. ' +
      'With libonnxruntime_providers_cuda.so and _shared.so beside the binding, and CUDA 12 with cuDNN 9, it can be used.',
    'Memory limit, streams and tensors on the device cannot be reached from JavaScript: each run sends inputs and fetches results.',
  ],
})
