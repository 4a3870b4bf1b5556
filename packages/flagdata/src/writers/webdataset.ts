import { basename } from 'node:path'
import type { Document, Media } from '../document.ts'
import { bytesOf, extensionOf, hasBytes } from '../media.ts'
import { openAtomic } from './atomic.ts'
import { rowOf } from './columns.ts'
import type { OutputFormat } from './format.ts'
import { openEncoder } from './lines.ts'
import { paddingOf, TAR_BLOCK, tarHeader } from './tarHeader.ts'

/**
 * Tar files of WebDataset: of each document `<key>.txt`, `<key>.json` with id and metadata, and its media whose bytes
 * are at hand; addresses of others stay in the JSON. Keys are the name of the file and a number.
 */
export const webdataset: OutputFormat = {
  endings: { none: '.tar', gzip: '.tar.gz' },
  sizeOf(document) {
    const sizes = [
      ...textMembers(document).map(({ bytes }) => bytes.length),
      ...embedded(document).map(({ length, url }) => length ?? Math.ceil(url.length * 0.75)),
    ]
    return sizes.reduce((sum, size) => sum + TAR_BLOCK + size + paddingOf(size), 0)
  },
  async open(path, codec) {
    const { file, ...output } = await openAtomic(path)
    const encoder = await openEncoder(codec, (bytes) => file.writeFile(bytes))
    const stem = basename(path).split('.')[0]
    let number = 0
    let isOpen = true
    let [waiting, size]: [Uint8Array[], number] = [[], 0]
    const flush = async () => {
      const full = Buffer.concat(waiting)
      ;[waiting, size] = [[], 0]
      await encoder.write(full)
    }
    const put = (bytes: Uint8Array) => {
      waiting.push(bytes)
      size += bytes.length
    }
    const finish = async () => {
      if (!isOpen) return
      isOpen = false
      put(Buffer.alloc(2 * TAR_BLOCK))
      await flush()
      await encoder.end()
      await output.finish()
    }
    return {
      add(document) {
        const key = `${stem}-${String(number++).padStart(6, '0')}`
        const write = (members: readonly Member[]) => {
          for (const { extension, bytes } of members) {
            put(tarHeader(`${key}.${extension}`, bytes.length))
            put(bytes)
            put(zeros.subarray(0, paddingOf(bytes.length)))
          }
          return size < BLOCK ? undefined : flush()
        }
        const members = textMembers(document)
        if (!document.media?.some(hasBytes)) return write(members)
        return mediaMembers(document).then((media) => write([...members, ...media]))
      },
      finish,
      async commit() {
        await finish()
        await output.commit()
      },
      async discard() {
        encoder.destroy()
        await output.discard()
      },
    }
  },
}

interface Member {
  extension: string
  bytes: Buffer
}

/** Members are handed to the compressor or the disk in blocks of about this many bytes. */
const BLOCK = 256 * 1024
const zeros = Buffer.alloc(TAR_BLOCK)

const embedded = ({ media = [] }: Document): Media[] => media.filter(hasBytes)

function textMembers(document: Document): Member[] {
  const addresses = document.media?.filter((media) => !hasBytes(media)) ?? []
  const { text, ...row } = rowOf({ ...document, media: addresses.length > 0 ? addresses : undefined })
  return [
    { extension: 'json', bytes: Buffer.from(JSON.stringify(row)) },
    { extension: 'txt', bytes: Buffer.from(text as string) },
  ]
}

async function mediaMembers(document: Document): Promise<Member[]> {
  const used = new Set(['json', 'txt'])
  const members: Member[] = []
  for (const media of embedded(document)) {
    const name = extensionOf(media).toLowerCase()
    const wanted = /^[a-z0-9_.-]{1,40}$/.test(name) ? name : 'bin'
    let extension = wanted
    // WebDataset allows each extension once in a sample.
    for (let i = 1; used.has(extension); i++) extension = `${i}.${wanted}`
    used.add(extension)
    members.push({ extension, bytes: await bytesOf(media) })
  }
  return members
}
