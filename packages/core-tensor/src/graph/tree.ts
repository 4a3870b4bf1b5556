import { FlagError } from '../errors.ts'

/** A leaf, or lists and records of trees: how traced functions group their inputs and outputs. */
export type Tree<T> = T | readonly Tree<T>[] | { readonly [key: string]: Tree<T> }

/** The same tree with leaves of another type. */
export type MapTree<T, From, To> = T extends From
  ? To
  : T extends readonly unknown[]
    ? { [K in keyof T]: MapTree<T[K], From, To> }
    : T extends object
      ? { [K in keyof T]: MapTree<T[K], From, To> }
      : T

export type IsLeaf<L> = (node: unknown) => node is L

/** Leaves in a fixed order (lists by index, records by insertion), with a path such as `0.text.weight`. */
export function leavesOf<L>(tree: unknown, isLeaf: IsLeaf<L>, path = ''): { path: string; leaf: L }[] {
  if (isLeaf(tree)) return [{ path, leaf: tree }]
  if (tree === null || typeof tree !== 'object') {
    throw new FlagError('invalid-argument', `unexpected ${tree === null ? 'null' : typeof tree} at "${path}"`)
  }
  const entries = Array.isArray(tree)
    ? tree.map((item, i) => [String(i), item] as const)
    : Object.entries(tree)
  return entries.flatMap(([key, item]) => leavesOf(item, isLeaf, path === '' ? key : `${path}.${key}`))
}

/** The same tree with every leaf replaced. */
export function mapTree<L, M>(
  tree: unknown,
  isLeaf: IsLeaf<L>,
  map: (leaf: L, path: string) => M,
  path = '',
): unknown {
  if (isLeaf(tree)) return map(tree, path)
  const child = (key: string) => (path === '' ? key : `${path}.${key}`)
  if (Array.isArray(tree)) return tree.map((item, i) => mapTree(item, isLeaf, map, child(String(i))))
  if (tree === null || typeof tree !== 'object') {
    throw new FlagError('invalid-argument', `unexpected ${tree === null ? 'null' : typeof tree} at "${path}"`)
  }
  return Object.fromEntries(
    Object.entries(tree).map(([key, item]) => [key, mapTree(item, isLeaf, map, child(key))]),
  )
}
