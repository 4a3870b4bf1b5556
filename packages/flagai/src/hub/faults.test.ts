import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { downloadSnapshot } from './snapshot.ts'
import { faultCases, NEEDED_BYTES, runFault } from './testing/faults.ts'
import { testHost } from './testing/hosts.ts'
import { COMMIT, ID, TOKEN, world } from './testing/tinyModel.ts'

/** How each fault must end, what the user must read, and how many bytes the next run may download. */
const expected: Record<string, [ended: string, seen: RegExp, next: number]> = {
  'the disk has less room than the model needs': ['io', /0\.3 MB are needed, 0\.1 MB are free/, 300_000],
  'the disk is full in the middle of a file': ['io', /model\.safetensors: .* the disk is full/, 300_000],
  'the cache is on a read-only disk': ['io', /read-only .*HF_HOME/, NEEDED_BYTES],
  'the cache belongs to somebody else': ['io', /no permission .*HF_HOME/, NEEDED_BYTES],
  'no such model, or a private one, without a token (401)': [
    'not-found',
    /no public model "flag-test\/tiny" \(401\).*HF_TOKEN/,
    NEEDED_BYTES,
  ],
  'no such model, or a private one, with a token (404)': [
    'not-found',
    /no model .* this account may see \(404\)/,
    NEEDED_BYTES,
  ],
  'a wrong or expired token (401)': ['access-denied', /does not accept the token/, NEEDED_BYTES],
  'a gated model, without a token (401)': ['access-denied', /granted .*ask for it .*HF_TOKEN/, NEEDED_BYTES],
  'a gated model, access not granted (403)': ['access-denied', /granted .*ask for it/, NEEDED_BYTES],
  'no such revision (404)': ['not-found', /no revision "v2"/, NEEDED_BYTES],
  'a file of the list is not there (404)': ['not-found', /tokenizer\.json: no such file/, NEEDED_BYTES],
  'too many requests (429, Retry-After: 2), once': ['done', /^$/, 0],
  'too many requests (429), for an hour': ['network', /429.* allowed in 3600 s/, NEEDED_BYTES],
  'the hub is out of order (503), twice': ['done', /^$/, 0],
  'the hub is out of order (500), all the time': ['network', /out of order \(500\): Oops/, NEEDED_BYTES],
  'the hub is out of order, the model is in the cache': ['done', /\(502\).*downloaded before \(2{40}\)$/, 0],
  'the connection breaks in a file, once': ['done', /^$/, 0],
  // How much of the 100 kB is kept is up to the system: what was not read when a connection breaks is lost.
  'the connection breaks in a file, and then at each try': ['network', /cdn\.example broke off/, 300_000],
  'the connection breaks, and the server cannot resume': ['done', /^$/, 0],
  'a file stops coming': ['done', /^$/, 0],
  'the hub takes connections and says nothing': ['timeout', /sent nothing for 10 s/, NEEDED_BYTES],
  'a file with other bytes (wrong hash)': ['corrupt-file', /sha256 is .*announced/, 300_000],
  'a file that is longer than announced': ['corrupt-file', /bytes came, the hub announced 300000/, 300_000],
  'a file that is shorter than announced': ['corrupt-file', /100000 bytes came/, 300_000],
  'damaged bytes were left by an earlier program': ['done', /^$/, 0],
  'an earlier run was interrupted': ['done', /^$/, 0],
  'an earlier run was killed, its lock is still there': ['done', /^$/, 0],
  'the same, on another machine that shares the disk': ['done', /^$/, 0],
  'offline, nothing in the cache': ['not-found', /not complete in .*flagai pull/, NEEDED_BYTES],
  'offline, the model is in the cache': ['done', /^$/, 0],
  'no network, nothing in the cache': [
    'network',
    /no connection to huggingface\.co \(ENOTFOUND\)/,
    NEEDED_BYTES,
  ],
  'no network, the model is in the cache': ['done', /ENOTFOUND.*downloaded before/, 0],
  'a login page of the network answers instead of the hub': [
    'network',
    /not answer like a hub/,
    NEEDED_BYTES,
  ],
}

const waits: Record<string, number[]> = {
  'too many requests (429, Retry-After: 2), once': [3000],
  'too many requests (429), for an hour': [],
  'the hub is out of order (503), twice': [1000, 2000],
  'the hub is out of order, the model is in the cache': [],
  'the connection breaks in a file, and then at each try': [1000, 2000, 4000, 8000],
  'an earlier run was killed, its lock is still there': [],
  'the same, on another machine that shares the disk': Array(150).fill(200),
}

describe('a download under a fault ends clearly, leaves the cache sound, and can be run again', () => {
  it.each(faultCases)('$fault', async (fault) => {
    const outcome = await runFault(fault)
    const [ended, seen, next] = expected[fault.fault]
    expect([outcome.ended, outcome.seen]).toEqual([ended, expect.stringMatching(seen)])
    expect([outcome.state.unsound, outcome.state.locks]).toEqual([[], []])
    // A branch is only ever named once its files are there.
    if (Object.keys(outcome.state.refs).length > 0) expect(outcome.state.blobs).toHaveLength(3)
    if (fault.fault in waits) expect(outcome.waits).toEqual(waits[fault.fault])
    expect(outcome.next).toBeLessThanOrEqual(next)
    const { unsound, partial, refs, blobs } = outcome.stateAfterNext
    expect([unsound, partial, blobs.length]).toEqual([[], {}, 3])
    expect(refs.main).toBe(COMMIT)
    // Neither the token nor the signatures of addresses are printed, in whatever depth.
    const printed = inspect(outcome.printed, { depth: 12, showHidden: true }) + outcome.seen
    for (const secret of [TOKEN, 'hf_', 'SIGNED']) expect(printed).not.toContain(secret)
  })

  it('expects something of each case', () => {
    expect(Object.keys(expected)).toEqual(faultCases.map(({ fault }) => fault))
  })
})

it('keeps the token out of every object that it hands around', async () => {
  await using it = await world({ token: TOKEN })
  const env = { ...it.env, HF_TOKEN: TOKEN }
  const seen: unknown[] = []
  const snapshot = await downloadSnapshot(ID, { env, onProgress: (it) => seen.push(it) }, testHost())
  expect(inspect([snapshot, seen], { depth: 12 })).not.toContain(TOKEN)
})

it.each([
  'https://user:secret@hub.example',
  'hub.example',
  'ftp://hub.example',
  'https://hub.example?secret',
])('refuses %s for HF_ENDPOINT without repeating it', async (endpoint) => {
  const download = downloadSnapshot(ID, { env: { HF_ENDPOINT: endpoint, HF_HOME: '/none' } }, testHost())
  const error = await download.catch((cause) => cause)
  expect(error).toMatchObject({ code: 'invalid-argument' })
  expect(inspect(error)).not.toContain('secret')
})
