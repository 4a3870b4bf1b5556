import type { SectionOf } from '../../src/contract.ts'

export function Notes({ section: { items } }: { section: SectionOf<'notes'> }) {
  return (
    <>
      {items.map(({ tone, text, title }, i) => (
        <div key={i} class={`note ${tone}`} role="note">
          {title && <strong dir="auto">{title}</strong>}
          <p dir="auto">{text}</p>
        </div>
      ))}
    </>
  )
}
