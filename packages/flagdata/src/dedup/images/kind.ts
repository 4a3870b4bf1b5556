import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Document } from '../../document.ts'
import { DataError } from '../../errors.ts'
import { writeAtomic } from '../../writers/atomic.ts'
import type { ConfigOf } from '../config.ts'
import { FingerprintWriter, findNearFingerprints } from '../fingerprints.ts'
import { IdWriter } from '../ids.ts'
import { metadataAt } from '../key.ts'
import type { DedupKind } from '../kind.ts'
import { decideByKept } from '../removal.ts'
import { decodeGrey } from './decode.ts'
import { imageHash } from './perceptualHash.ts'

/** Where the picture of a document lies, if it has one. */
function pathOf(document: Document, { field, folder }: ConfigOf<'images'>): string | undefined {
  const value =
    field === 'media'
      ? document.media?.find(({ type }) => type.startsWith('image'))?.url
      : metadataAt(document, field)
  return typeof value === 'string' && value !== '' ? resolve(folder, value) : undefined
}

const errorsPath = (folder: string, piece: string) => join(folder, 'unreadable', `${piece}.json`)

/**
 * Documents whose pictures look alike. Pictures are files; one that cannot be read keeps its document, whose metadata then
 * says why (`image_error`).
 */
export const images: DedupKind<ConfigOf<'images'>> = {
  collect(config, folder, piece) {
    const writer = new FingerprintWriter()
    const ids = new IdWriter()
    const errors: { [number: string]: string } = {}
    return {
      async add(document, number) {
        ids.add(document.id)
        const path = pathOf(document, config)
        if (path === undefined) return
        try {
          const bits = imageHash(await decodeGrey(path), config.hash)
          writer.add(Number(bits & 0xffffffffn), Number(bits >> 32n), number)
        } catch (error) {
          if (!(error instanceof DataError) || error.code !== 'corrupt-file') throw error
          errors[number] = error.message
        }
      },
      async commit() {
        await ids.commit(folder, piece)
        await writeAtomic(errorsPath(folder, piece), JSON.stringify(errors))
        await writer.commit(folder, piece)
      },
    }
  },
  phases: [
    {
      name: 'clusters',
      items: () => ['all'],
      run: ({ distance }, folder) => findNearFingerprints(folder, distance),
    },
  ],
  async decide({ distance }, folder, piece) {
    const errors = JSON.parse(await readFile(errorsPath(folder, piece), 'utf8'))
    const decide = await decideByKept(folder, piece, 'image_duplicate', { limit: distance })
    return (document, number, count) => {
      if (errors[number] === undefined) return decide(document, number, count)
      count('unreadable')
      return { text: document.text, metadata: { image_error: errors[number] } }
    }
  },
}
