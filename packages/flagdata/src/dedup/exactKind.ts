import { join } from 'node:path'
import type { Document } from '../document.ts'
import type { ConfigOf, ExactConfig } from './config.ts'
import { buildExactIndex, ExactSignatureWriter, findExactDuplicates, priorityOf } from './exact.ts'
import { IdWriter } from './ids.ts'
import { keyOf, urlOf } from './key.ts'
import type { DedupKind } from './kind.ts'
import { decideByKept } from './removal.ts'

/** Deduplication by equal keys; documents without a key are equal to no other. */
function byKey<Config extends ExactConfig>(
  keyFor: (config: Config) => (document: Document) => string | undefined,
  reason: string,
): DedupKind<Config> {
  return {
    collect(config, folder, piece) {
      const writer = new ExactSignatureWriter(config)
      const ids = new IdWriter()
      const key = keyFor(config)
      const priority = priorityOf(config)
      return {
        add(document, number) {
          ids.add(document.id)
          const value = key(document)
          if (value !== undefined) writer.add(value, number, priority(document))
        },
        async commit() {
          await ids.commit(folder, piece)
          await writer.commit(join(folder, 'signatures'), piece)
        },
      }
    },
    phases: [
      {
        name: 'clusters',
        items: () => ['all'],
        async run(config, folder) {
          const signatures = join(folder, 'signatures')
          const found = await findExactDuplicates(signatures, join(folder, 'clusters'), config)
          if (config.writeIndex) await buildExactIndex(signatures, config.writeIndex, config)
          return found
        },
      },
    ],
    decide: (_, folder, piece) => decideByKept(folder, piece, reason),
  }
}

export const exact: DedupKind<ConfigOf<'exact'>> = byKey<ConfigOf<'exact'>>(
  ({ key }) => keyOf(key),
  'exact_duplicate',
)

export const url: DedupKind<ConfigOf<'url'>> = byKey<ConfigOf<'url'>>(urlOf, 'url_duplicate')
