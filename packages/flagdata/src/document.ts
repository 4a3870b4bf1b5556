/** A value that JSON can hold. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/** A picture, sound, video or another file that belongs to a document. */
export interface Media {
  /** `image`, `audio`, `video` or `file`; readers of JSON keep what stands there. */
  type: string
  /** An address, a `data:` URL that holds the bytes, or the path of a file that holds them. */
  url: string
  alt?: string
  /** Where the bytes lie in the file. */
  offset?: number
  length?: number
  /** What distinguishes it in its sample of WebDataset: `jpg`, `mask.png`. */
  name?: string
}

/**
 * What flows through a pipeline. The same shape as datatrove's documents: everything of the input that is not the
 * text, the id or the media lies in `metadata`.
 */
export interface Document {
  id: string
  text: string
  media?: Media[]
  metadata: { [key: string]: Json }
}
