import { join } from 'node:path'
import { balance } from '../condense/balance.ts'
import { diverse } from '../condense/diverse.ts'
import { select } from '../condense/select.ts'
import { type ConfigOf, type DedupConfig, type DedupName, dedupEntry } from './config.ts'
import { ExactSignatureWriter, findExactDuplicates } from './exact.ts'
import type { DedupKind } from './kind.ts'
import { findBucketPairs, SignatureWriter } from './minhash/buckets.ts'
import { clusterPairs } from './minhash/clusters.ts'
import { Signer } from './minhash/signature.ts'
import { decideByFiles } from './removal.ts'

/** The item of a phase that is not divided. */
const whole = ['all']

const exact: DedupKind<ConfigOf<'exact'>> = {
  collect(config, folder, piece) {
    const writer = new ExactSignatureWriter(config)
    return {
      add: ({ text }, number) => writer.add(text, number),
      commit: () => writer.commit(join(folder, 'signatures'), piece),
    }
  },
  phases: [
    {
      name: 'clusters',
      items: () => whole,
      run: (_, folder) => findExactDuplicates(join(folder, 'signatures'), join(folder, 'clusters')),
    },
  ],
  decide: (_, folder, piece) => decideByFiles(join(folder, 'clusters'), piece, 'exact_duplicate'),
}

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

const kinds: { [Name in DedupName]: DedupKind<ConfigOf<Name>> } = { exact, minhash, select, balance, diverse }

/** How the kind of a deduplication works, and its options. */
export function dedupKind(dedup: DedupConfig): { kind: DedupKind<unknown>; config: unknown } {
  const [name, config] = dedupEntry(dedup)
  return { kind: kinds[name] as DedupKind<unknown>, config }
}
