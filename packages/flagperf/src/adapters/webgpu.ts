import { probeProvider } from '@flag/core-tensor'
import { nvidiaMonitor } from '../monitors/nvidia.ts'
import { processorMonitor } from '../monitors/processor.ts'
import { defineAdapter } from './adapter.ts'
import { deviceCeilings } from './ceilings.ts'

/** Any GPU with Vulkan, Direct3D 12 or Metal, through Dawn. */
export const webgpu = defineAdapter({
  name: 'webgpu',
  provider: 'webgpu',
  probe: () => probeProvider('webgpu'),
  // Dawn's numbers of devices are not told to JavaScript: it takes the one that is said to be fastest.
  sessionOptions: () => ({}),
  monitors: [processorMonitor, nvidiaMonitor()],
  ceilings: (extent) => deviceCeilings(extent),
  caveats: [
    'Kernels are shaders that Dawn compiles: the first run of each shape is slow.',
    'Kernel times are those of the device. Copies to the host wait for the device and are counted as 0.',
    'On Linux it needs a Vulkan loader (libvulkan.so.1) and a driver. SwiftShader, a driver without a GPU, says nothing of speed.',
    'fp16 needs a device that has it; int8 products have no kernel.',
  ],
})
