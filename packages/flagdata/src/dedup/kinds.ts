import { join } from 'node:path'
import { balance } from '../condense/balance.ts'
import { diverse } from '../condense/diverse.ts'
import { select } from '../condense/select.ts'
import { bloom } from './bloom/kind.ts'
import { type ConfigOf, type DedupConfig, type DedupName, dedupEntry } from './config.ts'
import { exact, url } from './exactKind.ts'
import { images } from './images/kind.ts'
import type { DedupKind } from './kind.ts'
import { findBucketPairs, SignatureWriter } from './minhash/buckets.ts'
import { clusterPairs } from './minhash/clusters.ts'
import { Signer } from './minhash/signature.ts'
import { decideByFiles } from './removal.ts'
import { semantic } from './semantic/kind.ts'
import { sentences } from './sentences/kind.ts'
import { simhash } from './simhash/kind.ts'
import { substrings } from './substrings/kind.ts'

/** The item of a phase that is not divided. */
const whole = ['all']

const minhash: DedupKind<ConfigOf<'minhash'>> = {
  collect(config, folder, piece) {
    const writer = new SignatureWriter(config, join(folder, 'signatures'), piece)
    const signer = new Signer(config)
    return {
      add({ text }, number) {
        return signer.sign(text) ? writer.add(signer.signature, number) : undefined
      },
      commit: () => writer.commit(),
    }
  },
  phases: [
    {
      name: 'buckets',
      items: ({ buckets }) => Array.from({ length: buckets }, (_, bucket) => String(bucket)),
      run: async (config, folder, bucket) => ({
        pairs: await findBucketPairs(
          join(folder, 'signatures'),
          join(folder, 'pairs'),
          Number(bucket),
          config,
        ),
      }),
    },
    {
      name: 'clusters',
      items: () => whole,
      run: (_, folder) => clusterPairs(join(folder, 'pairs'), join(folder, 'clusters')),
    },
  ],
  decide: (_, folder, piece) => decideByFiles(join(folder, 'clusters'), piece, 'minhash_duplicate'),
}

const kinds: { [Name in DedupName]: DedupKind<ConfigOf<Name>> } = {
  exact,
  url,
  minhash,
  simhash,
  sentences,
  bloom,
  substrings,
  images,
  semantic,
  select,
  balance,
  diverse,
}

/** How the kind of a deduplication works, and its options. */
export function dedupKind(dedup: DedupConfig): { kind: DedupKind<unknown>; config: unknown } {
  const [name, config] = dedupEntry(dedup)
  return { kind: kinds[name] as DedupKind<unknown>, config }
}
