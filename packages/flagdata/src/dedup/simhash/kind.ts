import type { ConfigOf } from '../config.ts'
import { FingerprintWriter, findNearFingerprints } from '../fingerprints.ts'
import { IdWriter } from '../ids.ts'
import type { DedupKind } from '../kind.ts'
import { decideByKept } from '../removal.ts'
import { Fingerprinter } from './fingerprint.ts'

export const simhash: DedupKind<ConfigOf<'simhash'>> = {
  collect(config, folder, piece) {
    const fingerprinter = new Fingerprinter(config)
    const writer = new FingerprintWriter()
    const ids = new IdWriter()
    return {
      add({ id, text }, number) {
        ids.add(id)
        // data-juicer gives all texts without a shingle the fingerprint 0, and so removes all but one of them.
        if (fingerprinter.compute(text)) writer.add(fingerprinter.low, fingerprinter.high, number)
      },
      async commit() {
        await ids.commit(folder, piece)
        await writer.commit(folder, piece)
      },
    }
  },
  phases: [
    {
      name: 'clusters',
      items: () => ['all'],
      run: ({ distance, blocks }, folder) => findNearFingerprints(folder, distance, blocks),
    },
  ],
  decide: ({ distance }, folder, piece) =>
    decideByKept(folder, piece, 'simhash_duplicate', { limit: distance }),
}
