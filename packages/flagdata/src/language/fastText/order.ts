/**
 * Heaps and sorting as GNU's C++ library does them. The order of entries that compare as equal follows from the steps of
 * the algorithms, and fastText has many such: words with equal counts, labels with equal scores.
 *
 * `before(a, b)` is the comparison that the C++ functions are given: whether a comes first in sorted order, and hence
 * lies below b in a heap.
 */
export type Before<Item> = (a: Item, b: Item) => boolean

interface List<Item> {
  [index: number]: Item
  readonly length: number
}

/** Puts an item at `hole`, or above it as long as the parents come before it. The heap begins at `base`. */
function rise<Item>(
  list: List<Item>,
  base: number,
  hole: number,
  top: number,
  item: Item,
  before: Before<Item>,
): void {
  while (hole > top) {
    const parent = (hole - 1) >> 1
    if (!before(list[base + parent], item)) break
    list[base + hole] = list[base + parent]
    hole = parent
  }
  list[base + hole] = item
}

/** Moves `hole` down to a leaf along the later of its children, and puts an item where it belongs above that. */
function sink<Item>(
  list: List<Item>,
  base: number,
  hole: number,
  size: number,
  item: Item,
  before: Before<Item>,
): void {
  const top = hole
  let child = hole
  while (child < (size - 1) >> 1) {
    child = 2 * (child + 1)
    if (before(list[base + child], list[base + child - 1])) child--
    list[base + hole] = list[base + child]
    hole = child
  }
  if ((size & 1) === 0 && child === (size - 2) >> 1) {
    child = 2 * (child + 1)
    list[base + hole] = list[base + child - 1]
    hole = child - 1
  }
  rise(list, base, hole, top, item, before)
}

/** Moves the root of a heap behind the other `size - 1` items. */
function dropRoot<Item>(list: List<Item>, base: number, size: number, before: Before<Item>): void {
  if (size < 2) return
  const item = list[base + size - 1]
  list[base + size - 1] = list[base]
  sink(list, base, 0, size - 1, item, before)
}

/** Adds an item to a heap. */
export function pushHeap<Item>(heap: Item[], item: Item, before: Before<Item>): void {
  heap.push(item)
  rise(heap, 0, heap.length - 1, 0, item, before)
}

/** Takes the root out of a heap. */
export function popHeap<Item>(heap: Item[], before: Before<Item>): void {
  dropRoot(heap, 0, heap.length, before)
  heap.pop()
}

/** Sorts the items of a heap. */
export function sortHeap<Item>(heap: List<Item>, before: Before<Item>): void {
  for (let size = heap.length; size > 1; size--) dropRoot(heap, 0, size, before)
}

const SMALL = 16

/** Sorts as `std::sort`: introsort (Musser 1997) with a median of three, and insertions at the end. */
export function sort<Item>(list: List<Item>, before: Before<Item>): void {
  const { length } = list
  if (length < 2) return
  introsort(list, 0, length, 2 * Math.floor(Math.log2(length)), before)
  const guarded = Math.min(length, SMALL)
  for (let i = 1; i < guarded; i++) {
    if (!before(list[i], list[0])) {
      insert(list, i, before)
      continue
    }
    const item = list[i]
    for (let j = i; j > 0; j--) list[j] = list[j - 1]
    list[0] = item
  }
  for (let i = guarded; i < length; i++) insert(list, i, before)
}

/** Moves an item down to its place; something that does not come after it must lie below. */
function insert<Item>(list: List<Item>, at: number, before: Before<Item>): void {
  const item = list[at]
  while (before(item, list[at - 1])) {
    list[at] = list[at - 1]
    at--
  }
  list[at] = item
}

function introsort<Item>(
  list: List<Item>,
  first: number,
  last: number,
  depth: number,
  before: Before<Item>,
): void {
  while (last - first > SMALL) {
    if (depth === 0) {
      const size = last - first
      for (let parent = (size - 2) >> 1; parent >= 0; parent--)
        sink(list, first, parent, size, list[first + parent], before)
      for (let left = size; left > 1; left--) dropRoot(list, first, left, before)
      return
    }
    depth--
    const cut = partition(list, first, last, before)
    introsort(list, cut, last, depth, before)
    last = cut
  }
}

function partition<Item>(list: List<Item>, first: number, last: number, before: Before<Item>): number {
  const median = medianOf(list, first + 1, first + ((last - first) >> 1), last - 1, before)
  swap(list, first, median)
  let low = first + 1
  let high = last
  for (;;) {
    while (before(list[low], list[first])) low++
    high--
    while (before(list[first], list[high])) high--
    if (low >= high) return low
    swap(list, low, high)
    low++
  }
}

function medianOf<Item>(list: List<Item>, a: number, b: number, c: number, before: Before<Item>): number {
  if (before(list[a], list[b])) return before(list[b], list[c]) ? b : before(list[a], list[c]) ? c : a
  return before(list[a], list[c]) ? a : before(list[b], list[c]) ? c : b
}

function swap<Item>(list: List<Item>, a: number, b: number): void {
  const item = list[a]
  list[a] = list[b]
  list[b] = item
}
