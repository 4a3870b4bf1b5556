import { memoryMonitor } from './memory.ts'
import type { Monitor } from './monitor.ts'
import { nvidiaMonitor } from './nvidia.ts'
import { powerMonitor } from './power.ts'
import { processorMonitor } from './processor.ts'
import { temperatureMonitor } from './temperature.ts'

/** All monitors; what a machine does not have says so. */
export const monitors: readonly Monitor[] = [
  processorMonitor,
  memoryMonitor,
  powerMonitor(),
  temperatureMonitor(),
  nvidiaMonitor(),
]
