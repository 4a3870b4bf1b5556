import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { ownFolder } from '../datasets/packages.ts'

const group = z.strictObject({
  /** Ids, or a pattern with `{code}` and the codes that it takes. */
  ids: z.array(z.string()),
  codes: z.array(z.string()).optional(),
  task: z.string(),
  /** Language of the prompts where the id does not say it. */
  language: z.string().default('en'),
  /** The loader of its published form. */
  format: z.string(),
  /** Who publishes it, and under which name. */
  from: z.string(),
  notes: z.string().optional(),
})

export interface CatalogueEntry {
  readonly id: string
  readonly task: string
  readonly language: string
  readonly format: string
  readonly from: string
  readonly notes?: string
}

/** Every data set id of FlagEval's mCLIPEval, with where to get it. */
export function catalogue(): CatalogueEntry[] {
  const file = join(ownFolder(), 'catalogue/flageval.yaml')
  return z
    .array(group)
    .parse(parse(readFileSync(file, 'utf8')))
    .flatMap(({ ids, codes = [], language, ...rest }) =>
      ids.flatMap((id) =>
        id.includes('{code}')
          ? codes.map((code) => ({ ...rest, id: id.replace('{code}', code), language: code }))
          : [{ ...rest, id, language }],
      ),
    )
}
