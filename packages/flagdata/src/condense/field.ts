import type { Document, Json } from '../document.ts'

/** What a document holds in `text`, `id` or `metadata.<name>`; names may contain points. */
export function fieldOf(document: Document, field: string): Json | undefined {
  if (field === 'text') return document.text
  if (field === 'id') return document.id
  return document.metadata[field.slice('metadata.'.length)]
}

/** A group's name: what the field holds, as text; documents without it are a group, too. */
export function groupOf(document: Document, field: string): string {
  const value = fieldOf(document, field)
  return typeof value === 'string' ? value : JSON.stringify(value ?? null)
}
