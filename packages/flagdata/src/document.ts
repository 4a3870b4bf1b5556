/** A value that JSON can hold. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/** A picture, sound or video that belongs to a document, by address. */
export interface Media {
  type: string
  url: string
  alt?: string
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
