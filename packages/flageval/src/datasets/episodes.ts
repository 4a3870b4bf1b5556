import type { ClassificationData, Episodes, Picture, Place, References, RetrievalData } from './dataset.ts'

/** Something with a picture and a name, in a block of its like, which is part of a larger one. */
export interface Concept {
  readonly id: string
  readonly name: string
  readonly picture: Picture
  /** Narrow and wide kind, such as fruit and food. */
  readonly block: string
  readonly area: string
  readonly at?: Place
}

/** Where the wrong candidates of a sample come from: the nearer, the harder. */
export type Negatives = 'any' | 'area' | 'block'

/** How many candidates a sample of an episode has. */
export const CANDIDATES = 10

/** The items of each key, in order of first appearance. */
function grouped<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(key(item))
    if (group) group.push(item)
    else groups.set(key(item), [item])
  }
  return [...groups.values()]
}

/** Of every block the first ten, from blocks that have them. */
export function tenOfEach<T extends Pick<Concept, 'block'>>(concepts: readonly T[]): T[] {
  return grouped(concepts, ({ block }) => block).flatMap((block) =>
    block.length < CANDIDATES ? [] : block.slice(0, CANDIDATES),
  )
}

/** Cuts a list into `parts` of about equal size whose members lie as far apart in it as they can. */
function spread<T>(list: readonly T[], parts: number): T[][] {
  return Array.from({ length: parts }, (_, part) => list.filter((_, i) => i % parts === part))
}

/** Ten-way classification: all concepts are samples, each with its name among ten. */
export function tenWay(
  concepts: readonly Concept[],
  templates: readonly string[],
  negatives: Negatives,
  references?: References,
): Episodes<ClassificationData> {
  const key = { any: () => '', area: ({ area }: Concept) => area, block: ({ block }: Concept) => block }
  const episodes = grouped(concepts, key[negatives]).flatMap((pool) => spread(pool, pool.length / CANDIDATES))
  return {
    kind: 'episodes',
    episodes: episodes.map((members, i) => ({
      id: `${i}`,
      data: {
        kind: 'classification',
        pictures: members.map(({ picture }) => picture),
        gold: members.map((_, k) => k),
        classes: members.map(({ id, name, at }) => ({ id, name, ...(at && { at }) })),
        templates,
        ...(references && { references }),
      },
    })),
  }
}

/** Retrieval both ways in galleries of a size; the last one takes what is left over. */
export function galleries(
  concepts: readonly Concept[],
  size: number,
  references?: References,
): Episodes<RetrievalData> {
  const parts = spread(concepts, Math.max(1, Math.floor(concepts.length / size)))
  return {
    kind: 'episodes',
    episodes: parts.map((members, i) => ({
      id: `${i}`,
      data: {
        kind: 'retrieval',
        pictures: members.map(({ picture }) => picture),
        captions: members.map(({ id, name }, picture) => ({ id, text: name, picture })),
        ...(references && { references }),
      },
    })),
  }
}
