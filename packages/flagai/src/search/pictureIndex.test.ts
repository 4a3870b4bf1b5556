import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tableFromIPC } from 'apache-arrow'
import { afterAll, describe, expect, it } from 'vitest'
import { PictureIndex } from './index.ts'
import { ColourModel } from './testing/colourModel.ts'
import { colourPicture, pictureFolder } from './testing/pictureFolder.ts'

const made: string[] = []
afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true }))))

async function newFolder(count: number) {
  const result = await pictureFolder(count)
  made.push(result.folder)
  return result
}

async function update(folder: string, extra = {}) {
  const model = new ColourModel()
  const result = await PictureIndex.update(folder, model, { modelName: 'colours', batchSize: 4, ...extra })
  return { ...result, model }
}

async function hits(index: PictureIndex, text: string, top: number) {
  const vector = (await new ColourModel().encodeText([text])).row(0).data
  return index.search(vector, top).map(({ path }) => path)
}

describe('the index of a folder', () => {
  it('finds pictures by text in any language, names the broken ones', async () => {
    const { folder, broken } = await newFolder(60)
    const { index, report } = await update(folder)
    expect(report).toMatchObject({ pictures: 60, embedded: 57, unchanged: 0, removed: 0, resumed: false })
    expect(report.unreadable.map(({ path }) => path)).toEqual(broken)
    for (const { reason } of report.unreadable) expect(reason).toMatch(/not a readable picture/)
    for (const text of ['red', 'rouge', '红']) {
      const found = await hits(index, text, 10)
      expect(found.length).toBe(10)
      for (const path of found) expect(path).toMatch(/^red\//)
    }
  })

  it('does nothing when nothing has changed', async () => {
    const { folder, broken } = await newFolder(24)
    await update(folder)
    const { report, model } = await update(folder)
    expect(model.images).toBe(0)
    expect(report).toMatchObject({ embedded: 0, reused: 0, unchanged: 24, removed: 0 })
    expect(report.unreadable.map(({ path }) => path)).toEqual(broken)
  })

  it('notices new, edited, renamed, touched and deleted pictures', async () => {
    const { folder } = await newFolder(24)
    await update(folder)
    await writeFile(join(folder, 'new.png'), await colourPicture([0, 0, 255], 900))
    await writeFile(join(folder, 'red/000.png'), await colourPicture([0, 250, 0], 901))
    await rename(join(folder, 'red/003.png'), join(folder, 'blue/moved.png'))
    await utimes(join(folder, 'red/006.png'), 1, 1)
    await rm(join(folder, 'red/009.png'))
    const { index, report, model } = await update(folder)
    expect(model.images).toBe(2)
    // Removed: the deleted one and the old name of the renamed one.
    expect(report).toMatchObject({ pictures: 24, embedded: 2, reused: 2, removed: 2, unchanged: 20 })
    expect(index.paths).not.toContain('red/009.png')
    // Six red ones are left, one of them under its new name; the edited one is among the eight green ones.
    expect(await hits(index, 'red', 6)).toContain('blue/moved.png')
    expect(await hits(index, 'green', 8)).toContain('red/000.png')
    expect((await update(folder)).model.images).toBe(0)
  })

  it('is one Arrow file that other tools read', async () => {
    const { folder } = await newFolder(9)
    await update(folder)
    expect(await readdir(join(folder, '.flagai'))).toEqual(['colours.arrow'])
    const table = tableFromIPC(await readFile(join(folder, '.flagai/colours.arrow')))
    expect(table.numRows).toBe(9)
    expect(table.schema.fields.map(({ name }) => name)).toEqual([
      'path',
      'size',
      'modified',
      'hash',
      'error',
      'embedding',
    ])
    const vector: Float32Array = table.get(0)?.embedding.toArray()
    expect(vector.length).toBe(3)
    expect(Math.hypot(...vector)).toBeCloseTo(1, 5)
  })

  it('starts anew, and says so, when the index is damaged or of another model', async () => {
    const { folder } = await newFolder(9)
    await update(folder)
    const other = await update(folder, { fingerprint: 'other weights' })
    expect(other.report).toMatchObject({ unchanged: 0, stale: expect.stringContaining('another model') })
    await writeFile(join(folder, '.flagai/colours.arrow'), 'no arrow file')
    const { report, index } = await update(folder)
    expect(report.stale).toMatch(/colours.arrow: not a readable Arrow file/)
    expect(index.paths.length).toBe(8)
  })

  it('goes on where a killed update stopped: nothing is lost, nothing is done twice', async () => {
    const { folder, broken } = await newFolder(60)
    const fixture = fileURLToPath(new URL('./testing/killedUpdate.ts', import.meta.url))
    const root = fileURLToPath(new URL('../../../../', import.meta.url))
    // Batches of 4, kept after every 8: killed in the seventh batch, 24 pictures are on disk.
    const child = spawn(process.execPath, ['--import', 'tsx', fixture, folder, '7'], {
      cwd: root,
      stdio: 'inherit',
    })
    const [code, signal] = await once(child, 'exit')
    expect([code, signal]).toEqual([null, 'SIGKILL'])
    const left = await readdir(join(folder, '.flagai'))
    expect(left).toEqual(['colours.part-00001.arrow', 'colours.part-00002.arrow', 'colours.part-00003.arrow'])

    const { index, report, model } = await update(folder)
    expect(report).toMatchObject({ pictures: 60, resumed: true, unchanged: 24 })
    expect(report.unreadable.map(({ path }) => path)).toEqual(broken)
    const brokenInParts = 24 - (57 - model.images)
    expect(report.embedded).toBe(model.images)
    expect(brokenInParts).toBeGreaterThanOrEqual(0)
    expect(index.paths.length).toBe(57)
    expect(await readdir(join(folder, '.flagai'))).toEqual(['colours.arrow'])

    const fresh = await update(folder, { indexFolder: join(folder, '.other') })
    expect(await hits(index, 'green', 57)).toEqual(await hits(fresh.index, 'green', 57))
  })

  it('removes what a process that died while writing has left', async () => {
    const { folder } = await newFolder(3)
    await update(folder)
    // No process has this number: they end at 2^22 on Linux.
    await writeFile(join(folder, '.flagai/colours.part-00001.arrow.99999999.tmp'), 'half')
    await update(folder)
    expect(await readdir(join(folder, '.flagai'))).toEqual(['colours.arrow'])
  })

  it('says where it cannot keep the index', async () => {
    const { folder } = await newFolder(3)
    const indexFolder = join(folder, 'red/000.png/index')
    await expect(update(folder, { indexFolder })).rejects.toMatchObject({
      code: 'io',
      message: expect.stringContaining('cannot keep the index here'),
      hint: expect.stringContaining('--index'),
    })
  })

  it('says what is wrong with the folder or the query', async () => {
    await expect(update('/no/such/folder')).rejects.toMatchObject({ code: 'not-found' })
    await expect(update(fileURLToPath(import.meta.url))).rejects.toMatchObject({ code: 'invalid-argument' })
    const { folder } = await newFolder(3)
    const { index } = await update(folder)
    expect(() => index.search(new Float32Array(5), 1)).toThrow(/5 dimensions/)
  })
})
