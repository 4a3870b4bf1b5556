import type { Document, Json, Media } from '../document.ts'
import { kindOf, mediaOfBytes } from '../media.ts'
import type { ReadConfig } from '../pipeline/pipeline.ts'
import { ByteStream } from './byteStream.ts'
import { compressionOf, readChunks } from './chunks.ts'
import { decode } from './decode.ts'
import type { Format, OnFault } from './format.ts'
import type { Piece } from './piece.ts'
import { between, whole } from './ranges.ts'
import { documentOf } from './record.ts'
import { type TarMember, tarMembers } from './tar.ts'

/**
 * Tar files of WebDataset: members that follow each other and share a key, the path up to the first dot of the name,
 * are a sample. Text, classes and JSON become text and metadata, everything else media.
 */
export const webdataset: Format = {
  files: /\.tar(\.gz|\.zst)?$/i,
  examples: 'a.tar, a.tar.gz',
  async cut(path, size, { pieceBytes }) {
    if (compressionOf(path) !== 'none') return whole(size)
    async function* places() {
      const stream = new ByteStream(
        readChunks(path, { start: 0, end: Infinity }, () => {}),
        0,
      )
      let before: string | undefined
      try {
        for await (const { name, offset } of tarMembers(stream, () => {})) {
          const key = splitName(name)?.key
          if (key === undefined || key === before) continue
          if (before !== undefined) yield offset
          before = key
        }
      } finally {
        await stream.close()
      }
    }
    return between(places(), size, pieceBytes)
  },
  read: readSamples,
}

/** How WebDataset decodes members by their extension. */
const textExtensions = new Set(['txt', 'text', 'transcript'])
const integerExtensions = new Set(['cls', 'cls2', 'class', 'count', 'index', 'inx', 'id'])
const jsonExtensions = new Set(['json', 'jsn'])

/** Key and extension; undefined for names that are not part of a sample. */
function splitName(name: string): { key: string; extension: string } | undefined {
  const slash = name.lastIndexOf('/') + 1
  const base = name.slice(slash)
  const dot = base.indexOf('.', 1)
  if (dot < 0 || /^__.*__$/.test(base)) return undefined
  return { key: name.slice(0, slash + dot), extension: base.slice(dot + 1).toLowerCase() }
}

/** A sample as far as it was read. */
interface Sample {
  key: string
  offset: number
  fields: Map<string, Json>
  media: Media[]
  extensions: Set<string>
  /** Whether the text is that of a member, which goes before one in the JSON. */
  hasText: boolean
  isBroken: boolean
}

async function* readSamples(piece: Piece, config: ReadConfig, onFault: OnFault): AsyncGenerator<Document> {
  const { path, file, start, end } = piece
  const isPlain = compressionOf(path) === 'none'
  const chunks = readChunks(path, { start, end: Infinity }, (kind, found) =>
    onFault(kind, stream.offset, found),
  )
  const stream = new ByteStream(chunks, start)
  let sample: Sample | undefined
  let isDamaged = false
  const finish = (done: Sample): Document | undefined => {
    if (done.isBroken) return undefined
    const { id: _, ...fields } = Object.fromEntries(done.fields)
    const record = { ...fields, [config.idKey]: done.fields.get(config.idKey) ?? `${file}#${done.key}` }
    const document = documentOf(record, `${file}#${done.key}`, config, (kind, found) =>
      onFault(kind, done.offset, `sample ${done.key}: ${found}`),
    )
    if (document && done.media.length > 0) document.media = [...(document.media ?? []), ...done.media]
    return document
  }
  try {
    const members = tarMembers(stream, (kind, offset, found) => {
      if (kind === 'truncated-tar') isDamaged = true
      else if (sample !== undefined) sample.isBroken = true
      onFault(kind, offset, found)
    })
    for await (const member of members) {
      const split = splitName(member.name)
      if (split === undefined) continue
      if (sample !== undefined && split.key !== sample.key) {
        const document = finish(sample)
        sample = undefined
        if (document) yield document
      }
      if (sample === undefined) {
        if (isPlain && member.offset >= end) return
        sample = {
          key: split.key,
          offset: member.offset,
          fields: new Map(),
          media: [],
          extensions: new Set(),
          hasText: false,
          isBroken: false,
        }
      }
      if (sample.extensions.has(split.extension)) {
        onFault('duplicate-member', member.offset, `${member.name} stands twice in its sample`)
        continue
      }
      sample.extensions.add(split.extension)
      await addMember(sample, split.extension, member)
    }
    // Of a file that ends in a sample, that sample is not known to be whole.
    if (sample !== undefined && !isDamaged) {
      const document = finish(sample)
      if (document) yield document
    }
  } finally {
    await stream.close()
  }

  async function addMember(sample: Sample, extension: string, { name, size, offset, content }: TarMember) {
    const last = extension.slice(extension.lastIndexOf('.') + 1)
    const isText = textExtensions.has(last) || integerExtensions.has(last) || jsonExtensions.has(last)
    if (!isText && isPlain) {
      const { type } = kindOf(extension)
      sample.media.push({ type, url: path, offset: content, length: size, name: extension })
      return
    }
    if (size > config.maxDocumentBytes) {
      onFault(
        'too-long',
        offset,
        `${name}: ${size} bytes, more than ${config.maxDocumentBytes} (maxDocumentBytes)`,
      )
      sample.isBroken = true
      return
    }
    const bytes = await stream.read(size)
    // The end of the file, which is reported when the next member is looked for.
    if (bytes.length < size) return
    if (!isText) {
      sample.media.push(mediaOfBytes(bytes, extension))
      return
    }
    const text = decode(bytes, content, (kind, at, found) => onFault(kind, at, `${name}: ${found}`))
    if (text === undefined) {
      sample.isBroken = true
      return
    }
    if (jsonExtensions.has(last)) addJson(sample, extension, text, name, offset)
    else if (integerExtensions.has(last)) {
      const value = Number(text)
      sample.fields.set(extension, text.trim() !== '' && Number.isSafeInteger(value) ? value : text)
    } else {
      sample.fields.set(sample.hasText ? extension : config.textKey, text)
      sample.hasText = true
    }
  }

  /** An object's keys are fields of the sample; another value is one. */
  function addJson(sample: Sample, extension: string, text: string, name: string, offset: number) {
    try {
      const value: Json = JSON.parse(text)
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        sample.fields.set(extension, value)
        return
      }
      for (const [key, it] of Object.entries(value))
        if (key !== config.textKey || !sample.hasText) sample.fields.set(key, it)
    } catch (error) {
      onFault('broken-json', offset, `${name}: ${(error as Error).message}`)
      sample.isBroken = true
    }
  }
}
