import type { ComponentType } from 'preact'
import type { Section, SectionKind, SectionOf } from '../src/contract.ts'
import { Comparison } from './sections/Comparison.tsx'
import { Distribution } from './sections/Distribution.tsx'
import { Funnel } from './sections/Funnel.tsx'
import { Leaderboard } from './sections/Leaderboard.tsx'
import { Notes } from './sections/Notes.tsx'
import { Radar } from './sections/Radar.tsx'
import { Roofline } from './sections/Roofline.tsx'
import { Samples } from './sections/Samples.tsx'
import { Scatter } from './sections/Scatter.tsx'
import { Table } from './sections/Table.tsx'
import { Timeline } from './sections/Timeline.tsx'

/** How each kind of section is shown: a kind that is missing here does not compile. */
const views: { [K in SectionKind]: ComponentType<{ section: SectionOf<K> }> } = {
  notes: Notes,
  table: Table,
  distribution: Distribution,
  funnel: Funnel,
  timeline: Timeline,
  roofline: Roofline,
  comparison: Comparison,
  scatter: Scatter,
  radar: Radar,
  samples: Samples,
  leaderboard: Leaderboard,
}

export function SectionView({ id, section, level }: { id: string; section: Section; level: 2 | 3 }) {
  const View = views[section.kind] as ComponentType<{ section: Section }>
  const Heading = `h${level}` as const
  return (
    <section id={id} class={`section ${section.kind}`} aria-labelledby={`${id}-title`}>
      <Heading id={`${id}-title`} dir="auto">
        {section.title}
      </Heading>
      {section.description && (
        <p class="description" dir="auto">
          {section.description}
        </p>
      )}
      <View section={section} />
    </section>
  )
}
