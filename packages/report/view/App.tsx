import type { Report, Section } from '../src/contract.ts'
import { formatFact } from './format.ts'
import { SectionView } from './SectionView.tsx'

interface Group {
  readonly name: string
  readonly sections: readonly { readonly id: string; readonly section: Section }[]
}

/** Sections in order, those of one group together where its first one stands. */
function groupsOf(sections: readonly Section[]): Group[] {
  const groups = new Map<string, { id: string; section: Section }[]>()
  sections.forEach((section, i) => {
    const name = section.group ?? section.title
    groups.set(name, [...(groups.get(name) ?? []), { id: `section-${i + 1}`, section }])
  })
  return [...groups].map(([name, members]) => ({ name, sections: members }))
}

export function App({ report }: { report: Report }) {
  const groups = groupsOf(report.sections)
  return (
    <>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <Header report={report} />
      <div class="frame">
        <nav aria-label="Sections">
          <ul>
            {groups.map(({ name, sections }) => (
              <li key={sections[0].id}>
                <a href={`#${sections[0].id}`} dir="auto">
                  {name}
                </a>
                {sections.length > 1 && (
                  <ul>
                    {sections.map(({ id, section }) => (
                      <li key={id}>
                        <a href={`#${id}`} dir="auto">
                          {section.title}
                        </a>
                      </li>
                    ))}
                  </ul>
                )}
              </li>
            ))}
          </ul>
        </nav>
        <main id="content" tabIndex={-1}>
          {groups.map(({ name, sections }) =>
            sections.length === 1 && sections[0].section.title === name ? (
              <SectionView key={sections[0].id} {...sections[0]} level={2} />
            ) : (
              <section key={sections[0].id} class="group" aria-label={name}>
                <h2 dir="auto">{name}</h2>
                {sections.map((it) => (
                  <SectionView key={it.id} {...it} level={3} />
                ))}
              </section>
            ),
          )}
        </main>
      </div>
    </>
  )
}

function Header({
  report: { title, description, tool, createdAt, environment = [], warnings = [] },
}: {
  report: Report
}) {
  const made = [createdAt && formatTime(createdAt), tool].filter(Boolean).join(' · ')
  return (
    <header>
      <h1 dir="auto">{title}</h1>
      {description && <p dir="auto">{description}</p>}
      {made && <p class="quiet">{made}</p>}
      {environment.length > 0 && (
        <dl class="facts">
          {environment.map((fact) => (
            <div key={fact.label}>
              <dt>{fact.label}</dt>
              <dd dir="auto">{formatFact(fact)}</dd>
            </div>
          ))}
        </dl>
      )}
      {warnings.map((warning) => (
        <p key={warning} class="note warning" role="note" dir="auto">
          {warning}
        </p>
      ))}
    </header>
  )
}

/** In UTC, so that the page looks the same everywhere. */
function formatTime(iso: string): string {
  const time = new Date(iso)
  return Number.isNaN(time.getTime()) ? iso : `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
