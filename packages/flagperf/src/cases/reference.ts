import { createSession, type SessionOptions, type Tensor } from '@flag/core-tensor'
import { agreementOf, partsOf } from '../compare/agreement.ts'
import type { Agreement } from '../compare/schema.ts'

type Tensors = Readonly<Record<string, Tensor>>

/**
 * How far outputs are from those of the model as it is written, on the same inputs: on the CPU, in one thread, without
 * graph optimisation.
 */
export async function agreementWithCpu(
  model: string | Uint8Array,
  inputs: Tensors,
  outputs: Tensors,
  options: Pick<SessionOptions, 'threads' | 'isolation'> = {},
): Promise<Agreement[]> {
  const session = await createSession(model, {
    providers: ['cpu'],
    threads: 1,
    optimization: 'disabled',
    ...options,
  })
  try {
    return agreementOf(partsOf(outputs), partsOf(await session.run(inputs)))
  } finally {
    await session.dispose()
  }
}
