import { useMemo, useState } from 'preact/hooks'
import type { Sample, SectionOf } from '../../src/contract.ts'
import { count, formatFact, formatNumber } from '../format.ts'
import { useVirtualRows } from '../virtualRows.ts'

const ROW_HEIGHT = 44

/** Samples to look into: a list that is filtered, and one of them in full. */
export function Samples({ section }: { section: SectionOf<'samples'> }) {
  const { title, samples, pictures = {}, total } = section
  const [query, setQuery] = useState('')
  const [chosen, setChosen] = useState<Readonly<Record<string, string>>>({})
  const [open, setOpen] = useState<string>()
  const facets = useMemo(() => facetsOf(samples), [samples])
  const texts = useMemo(() => samples.map(searchText), [samples])
  const shown = useMemo(() => {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean)
    return samples.filter(
      (sample, i) =>
        words.every((word) => texts[i].includes(word)) &&
        Object.entries(chosen).every(([facet, value]) => value === '' || valueFor(sample, facet) === value),
    )
  }, [samples, texts, query, chosen])
  const { ref, start, end, before, after, onScroll, toTop } = useVirtualRows<HTMLDivElement>(
    shown.length,
    ROW_HEIGHT,
  )
  const at = shown.findIndex(({ id }) => id === open)
  const step = (to: number) => {
    const next = shown[Math.min(shown.length - 1, Math.max(0, to))]
    if (next === undefined) return
    setOpen(next.id)
    const row = shown.indexOf(next) * ROW_HEIGHT
    const list = ref.current
    if (list && (row < list.scrollTop || row + ROW_HEIGHT > list.scrollTop + list.clientHeight))
      list.scrollTop = Math.max(0, row - list.clientHeight / 2)
  }
  const keys: Record<string, () => void> = {
    ArrowDown: () => step(at + 1),
    ArrowUp: () => step(at - 1),
    Home: () => step(0),
    End: () => step(shown.length - 1),
  }
  return (
    <div class="samples">
      <div class="tools">
        <input
          type="search"
          placeholder="Filter"
          aria-label={`Filter ${title}`}
          value={query}
          onInput={(event) => {
            setQuery(event.currentTarget.value)
            toTop()
          }}
        />
        {[...facets].map(([facet, values]) => (
          <select
            key={facet}
            aria-label={facet}
            onChange={(event) => {
              setChosen({ ...chosen, [facet]: event.currentTarget.value })
              toTop()
            }}
          >
            <option value="">{facet}: all</option>
            {values.map((value) => (
              <option key={value} value={value}>
                {value}
              </option>
            ))}
          </select>
        ))}
        <output aria-live="polite">
          {shown.length === samples.length ? '' : `${shown.length.toLocaleString('en')} of `}
          {count(samples.length, 'sample')}
          {total !== undefined && total > samples.length && ` (a choice of ${total.toLocaleString('en')})`}
        </output>
      </div>
      <div class="panes">
        <div
          class="list"
          role="listbox"
          aria-label={title}
          aria-activedescendant={at >= start && at < end ? `sample-${at}` : undefined}
          tabIndex={0}
          ref={ref}
          onScroll={onScroll}
          onKeyDown={(event) => {
            const action = keys[event.key]
            if (action === undefined) return
            event.preventDefault()
            action()
          }}
        >
          <div style={{ height: `${before}px` }} />
          {shown.slice(start, end).map((sample, i) => (
            <button
              type="button"
              role="option"
              tabIndex={-1}
              key={sample.id}
              id={`sample-${start + i}`}
              aria-selected={sample.id === open}
              onClick={() => setOpen(sample.id)}
            >
              <span class={`sign ${sample.outcome.tone}`} title={sample.outcome.label} />
              <span class="name" dir="auto">
                {sample.title ?? sample.id}
              </span>
              <span class="quiet">{sample.outcome.label}</span>
            </button>
          ))}
          <div style={{ height: `${after}px` }} />
        </div>
        <div class="detail" aria-live="polite">
          {at < 0 ? (
            <p class="quiet">Choose a sample to see all of it.</p>
          ) : (
            <Detail sample={shown[at]} pictures={pictures} />
          )}
        </div>
      </div>
    </div>
  )
}

function Detail({ sample, pictures: known }: { sample: Sample; pictures: Readonly<Record<string, string>> }) {
  const {
    id,
    title,
    outcome,
    problem,
    facets = {},
    pictures = [],
    texts = [],
    scores = [],
    diffs = [],
    facts = [],
  } = sample
  const highest = Math.max(...scores.map(({ value }) => Math.abs(value)), 0) || 1
  return (
    <article>
      <h3 dir="auto">{title ?? id}</h3>
      <p>
        <span class={`badge ${outcome.tone}`}>{outcome.label}</span>{' '}
        {Object.entries(facets).map(([facet, value]) => (
          <span key={facet} class="badge" title={facet} dir="auto">
            {value}
          </span>
        ))}
      </p>
      {problem && (
        <p class="problem" dir="auto">
          {problem}
        </p>
      )}
      {pictures.length > 0 && (
        <div class="pictures">
          {pictures.map(({ picture, caption }, i) => (
            <figure key={i}>
              <img src={known[picture]} alt={caption ?? picture} />
              {caption && <figcaption dir="auto">{caption}</figcaption>}
            </figure>
          ))}
        </div>
      )}
      {texts.map(({ label, text, tone, language }, i) => (
        <div key={i} class={`text ${tone ?? ''}`}>
          <h4>{label}</h4>
          <p dir="auto" lang={language}>
            {text}
          </p>
        </div>
      ))}
      {diffs.map(({ label, spans }, i) => (
        <div key={i} class="text">
          <h4>{label}</h4>
          <p class="diff" dir="auto">
            {spans.map(({ kind, text }, k) =>
              kind === 'removed' ? (
                <del key={k}>{text}</del>
              ) : kind === 'added' ? (
                <ins key={k}>{text}</ins>
              ) : (
                <span key={k}>{text}</span>
              ),
            )}
          </p>
        </div>
      ))}
      {scores.length > 0 && (
        <table class="scores">
          <thead>
            <tr>
              <th scope="col">candidate</th>
              <th scope="col">score</th>
            </tr>
          </thead>
          <tbody>
            {scores.map(({ label, value, tone = 'neutral', picture }, i) => (
              <tr key={i} class={tone}>
                <td dir="auto">
                  <span class={`sign ${tone}`} />
                  {picture && <img src={known[picture]} alt="" />} {label}
                </td>
                <td class="bar">
                  <span class="strip" style={{ width: `${(100 * Math.abs(value)) / highest}%` }} />
                  <span>{formatNumber(value)}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {facts.length > 0 && (
        <dl class="facts">
          {facts.map((fact) => (
            <div key={fact.label}>
              <dt>{fact.label}</dt>
              <dd dir="auto">{formatFact(fact)}</dd>
            </div>
          ))}
        </dl>
      )}
    </article>
  )
}

const OUTCOME = 'outcome'
const valueFor = (sample: Sample, facet: string) =>
  facet === OUTCOME ? sample.outcome.label : sample.facets?.[facet]

/** What samples can be chosen by: their outcome, and facets of more than one value. */
function facetsOf(samples: readonly Sample[]): Map<string, string[]> {
  const names = new Set([OUTCOME, ...samples.flatMap(({ facets = {} }) => Object.keys(facets))])
  const found = new Map<string, string[]>()
  for (const name of names) {
    const values = new Set(
      samples.map((sample) => valueFor(sample, name)).filter((value) => value !== undefined),
    )
    if (values.size > 1) found.set(name, [...values].sort())
  }
  return found
}

const searchText = ({
  id,
  title = '',
  problem = '',
  texts = [],
  diffs = [],
  scores = [],
  facets = {},
}: Sample) =>
  [
    id,
    title,
    problem,
    ...texts.map(({ text }) => text),
    ...diffs.flatMap(({ spans }) => spans.map(({ text }) => text)),
    ...scores.map(({ label }) => label),
    ...Object.values(facets),
  ]
    .join('\n')
    .toLowerCase()
