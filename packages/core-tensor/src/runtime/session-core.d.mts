import type { TensorParts } from './protocol.ts'

export interface SessionCore {
  open(request: {
    model: Uint8Array | string
    options: object
  }): Promise<{ inputs: string[]; outputs: string[] }>
  run(request: {
    feeds: Record<string, TensorParts>
    fetches?: string[]
  }): Promise<Record<string, TensorParts>>
  carry(request: {
    state: Record<string, TensorParts>
    carry: [output: string, input: string][]
  }): Promise<void>
  step(request: { feeds: Record<string, TensorParts> }): Promise<Record<string, TensorParts>>
  state(request: object): Promise<Record<string, TensorParts>>
  endProfiling(request: object): Promise<void>
  close(request: object): Promise<void>
}

export function createSessionCore(): SessionCore
export function transferables(reply: unknown): ArrayBuffer[]
