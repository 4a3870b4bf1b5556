import { useEffect, useRef, useState } from 'preact/hooks'

/** Rows beyond the visible ones, above and below, so that scrolling finds them there. */
const MARGIN = 12

/**
 * Which rows of a long list of equal heights have to be there: only those in sight. `ref` and `onScroll` go to the element
 * that scrolls; `before` and `after` are the heights that stand for the others.
 */
export function useVirtualRows<T extends HTMLElement>(total: number, rowHeight: number) {
  const ref = useRef<T>(null)
  const [top, setTop] = useState(0)
  const [height, setHeight] = useState(600)
  useEffect(() => {
    const element = ref.current
    if (element === null) return
    const observer = new ResizeObserver(() => setHeight(element.clientHeight || 600))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  const last = Math.max(0, total * rowHeight - height)
  const start = Math.max(0, Math.floor(Math.min(top, last) / rowHeight) - MARGIN)
  const end = Math.min(total, start + Math.ceil(height / rowHeight) + 2 * MARGIN)
  return {
    ref,
    start,
    end,
    before: start * rowHeight,
    after: (total - end) * rowHeight,
    onScroll: () => setTop(ref.current?.scrollTop ?? 0),
    toTop: () => {
      if (ref.current) ref.current.scrollTop = 0
      setTop(0)
    },
  }
}
