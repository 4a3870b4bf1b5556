import { describe, expect, it } from 'vitest'
import { tensor } from '../tensor/tensor.ts'
import type { Session } from './session.ts'
import { upgradedSession } from './upgradedSession.ts'

/** A session that answers with its name's number, when it is told to. */
function sessionOf(id: number, gate: Promise<void> = Promise.resolve()) {
  const state = { disposed: false }
  const session: Session = {
    inputs: [],
    outputs: [],
    provider: 'cpu',
    fallbacks: [],
    async run() {
      await gate
      if (state.disposed) throw new Error(`session ${id} was disposed during a run`)
      return { id: tensor([id]) }
    },
    carry: async () => {},
    step: async () => ({ id: tensor([id]) }),
    state: async () => ({}),
    async dispose() {
      state.disposed = true
    },
  }
  return { session, state }
}

const idOf = async (session: Session) => (await session.run({})).id.data[0]

describe('upgradedSession', () => {
  it('is replaced once it has run for long enough, and ends the first when its runs have ended', async () => {
    let open = () => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const [slow, fast] = [sessionOf(1), sessionOf(2)]
    const late = { ...slow.session, run: slow.session.run }
    const opened: string[] = []
    const both = upgradedSession(late, {
      open: async () => {
        opened.push('fast')
        return fast.session
      },
      onFailure: (error) => expect.fail(error.message),
      after: 0,
    })
    late.run = sessionOf(1, gate).session.run
    const waiting = both.run({})
    late.run = slow.session.run
    expect(await idOf(both)).toBe(1)
    while ((await idOf(both)) !== 2) expect(slow.state.disposed).toBe(false)
    expect(slow.state.disposed).toBe(false)
    open()
    expect((await waiting).id.data[0]).toBe(1)
    await both.dispose()
    expect([slow.state.disposed, fast.state.disposed]).toEqual([true, true])
    expect(opened).toEqual(['fast'])
  })

  it('is not replaced before, and not while it carries a state', async () => {
    const opened: string[] = []
    const open = async () => {
      opened.push('again')
      return sessionOf(2).session
    }
    const upgrade = { open, onFailure: () => {} }
    const brief = upgradedSession(sessionOf(1).session, { ...upgrade, after: 1e9 })
    expect(await idOf(brief)).toBe(1)
    const carrying = upgradedSession(sessionOf(1).session, { ...upgrade, after: 0 })
    await carrying.carry({}, [])
    expect(await idOf(carrying)).toBe(1)
    expect(opened).toEqual([])
    await Promise.all([brief.dispose(), carrying.dispose()])
  })

  it('stays as it is when no other can be opened, and says why', async () => {
    const told: string[] = []
    const both = upgradedSession(sessionOf(1).session, {
      open: async () => {
        throw new Error('the disk is full')
      },
      onFailure: ({ message }) => told.push(message),
      after: 0,
    })
    for (let i = 0; i < 3; i++) expect(await idOf(both)).toBe(1)
    await both.dispose()
    expect(told).toEqual(['the disk is full'])
  })

  it('stops what is being opened when it is disposed, and says nothing of it', async () => {
    const told: string[] = []
    const first = sessionOf(1)
    const both = upgradedSession(first.session, {
      open: (signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))),
      onFailure: ({ message }) => told.push(message),
      after: 0,
    })
    await idOf(both)
    await both.dispose()
    expect(first.state.disposed).toBe(true)
    expect(told).toEqual([])
  })
})
