import type { Document, Json, Media } from '../document.ts'
import type { ReadConfig } from '../pipeline/pipeline.ts'

type Keys = Pick<ReadConfig, 'textKey' | 'idKey' | 'maxDocumentBytes'>

/**
 * The document of a record with named fields: a line of JSON, a row of a table. Fields that are not text, id or media
 * become metadata, those of an object `metadata` too. Undefined, and reported, if it holds no text.
 */
export function documentOf(
  record: { [key: string]: Json },
  id: string,
  { textKey, idKey, maxDocumentBytes }: Keys,
  onFault: (kind: string, found: string) => void,
): Document | undefined {
  const { [textKey]: text, [idKey]: ownId, media, metadata, ...rest } = record
  if (typeof text !== 'string' || text === '') {
    onFault('no-text', text === undefined ? `no key "${textKey}"` : `"${textKey}" is ${describe(text)}`)
    return undefined
  }
  if (text.length > maxDocumentBytes) {
    onFault('too-long', `${text.length} characters, more than ${maxDocumentBytes} (maxDocumentBytes)`)
    return undefined
  }
  if (!text.isWellFormed()) {
    onFault('lone-surrogate', `"${textKey}" holds half of a surrogate pair, which UTF-8 cannot write`)
    return undefined
  }
  // Media that are no list are somebody's own field.
  if (media !== undefined && media !== null && !Array.isArray(media)) rest.media = media
  return {
    id: typeof ownId === 'string' && ownId !== '' ? ownId : typeof ownId === 'number' ? String(ownId) : id,
    text,
    ...(Array.isArray(media) && media.length > 0 ? { media: media as unknown as Media[] } : {}),
    metadata:
      typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata)
        ? { ...metadata, ...rest }
        : metadata === undefined || metadata === null
          ? rest
          : { metadata, ...rest },
  }
}

const describe = (value: Json) => (value === '' ? 'empty' : value === null ? 'null' : typeof value)
