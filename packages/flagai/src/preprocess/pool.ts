import type { Worker } from 'node:worker_threads'
import { FlagError, type FlagErrorCode, moduleWorker, type Shape, Tensor } from '@flag/core-tensor'
import type { PreprocessConfig } from './config.ts'
import type { ImageInput } from './picture.ts'
import type { ProcessorOptions } from './prepare.ts'
import type { ImageProcessor } from './processor.ts'

export interface ProcessorData {
  config: PreprocessConfig
  options: ProcessorOptions
}

export interface ToWorker {
  id: number
  image: ImageInput
}

export type FromWorker =
  | { id: number; shape: Shape; data: Float32Array }
  | { id: number; error: { message: string; code: FlagErrorCode; hint?: string } }

/** Picture preparation in threads of its own: what `ImageProcessor.process` gives, with the event loop free. */
export interface ProcessorPool {
  /** One picture as float32 `[3, height, width]`. Rejects as `ImageProcessor.process` does. */
  process(image: ImageInput): Promise<Tensor<'float32'>>
  dispose(): Promise<void>
}

interface Job extends ToWorker {
  resolve(tensor: Tensor<'float32'>): void
  reject(error: FlagError): void
}

/** Each worker decodes one picture, outside its JavaScript thread, while it resizes another. */
const JOBS_PER_WORKER = 2

/** Starts the workers, `count` of them, when the first picture comes. */
export function processorPool({ config, options }: ImageProcessor, count: number): ProcessorPool {
  const queue: Job[] = []
  const running = new Map<Worker, Map<number, Job>>()
  let next = 0

  const start = () => {
    const worker = moduleWorker('worker', import.meta.url, {
      workerData: { config, options } satisfies ProcessorData,
    })
    const jobs = new Map<number, Job>()
    running.set(worker, jobs)
    const stopped = (reason: string) => {
      running.delete(worker)
      for (const job of jobs.values()) {
        job.reject(new FlagError('runtime', `${nameOf(job.image)}: its thread ${reason}`))
      }
      // The others' pictures are not lost with it.
      if (queue.length > 0 && running.size === 0) start()
      feed()
    }
    worker.on('message', (answer: FromWorker) => {
      const job = jobs.get(answer.id)
      jobs.delete(answer.id)
      if ('error' in answer) {
        const { code, message, hint } = answer.error
        job?.reject(new FlagError(code, message, { hint }))
      } else {
        job?.resolve(new Tensor('float32', answer.shape, answer.data))
      }
      feed()
    })
    worker.on('error', (error) => stopped(`failed: ${error.message}`))
    worker.on('exit', (code) => stopped(`ended with code ${code}`))
    worker.unref()
  }

  /** Gives waiting pictures to workers that have room, the least busy first; keeps the program alive meanwhile. */
  const feed = () => {
    while (queue.length > 0) {
      const [worker, jobs] = [...running].reduce((best, one) => (one[1].size < best[1].size ? one : best))
      if (jobs.size >= JOBS_PER_WORKER) break
      const job = queue.shift() as Job
      jobs.set(job.id, job)
      worker.ref()
      worker.postMessage({ id: job.id, image: sendable(job.image) } satisfies ToWorker)
    }
    for (const [worker, jobs] of running) if (jobs.size === 0) worker.unref()
  }

  return {
    process(image) {
      while (running.size < count) start()
      return new Promise((resolve, reject) => {
        queue.push({ id: next++, image, resolve, reject })
        feed()
      })
    },
    async dispose() {
      for (const job of queue.splice(0)) {
        job.reject(new FlagError('invalid-argument', `${nameOf(job.image)}: the model was disposed`))
      }
      await Promise.all([...running.keys()].map((worker) => worker.terminate()))
    },
  }
}

const nameOf = (image: ImageInput) => (typeof image === 'string' ? image : 'picture')

/** Only the picture's bytes cross over: a view of a large buffer would take the whole buffer along. */
function sendable(image: ImageInput): ImageInput {
  if (typeof image === 'string') return image
  const data = image instanceof Uint8Array ? image : image.data
  const own = data.byteLength === data.buffer.byteLength ? data : data.slice()
  return image instanceof Uint8Array ? own : { ...image, data: own }
}
