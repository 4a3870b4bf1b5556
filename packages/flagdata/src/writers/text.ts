import type { OutputFormat } from './format.ts'
import { openTextWriter } from './lines.ts'

/** Texts, separated by an empty line. */
export const text: OutputFormat = {
  endings: { gzip: '.txt.gz', none: '.txt', zstd: '.txt.zst' },
  sizeOf: (document) => Buffer.byteLength(document.text) + 2,
  async open(path, codec, { level }) {
    const { write, ...file } = await openTextWriter(path, codec, level)
    let separator = ''
    return {
      add(document) {
        const line = `${separator}${document.text}\n`
        separator = '\n'
        return write(line)
      },
      ...file,
    }
  },
}
