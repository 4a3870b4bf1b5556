import { emojiNames, nameIn } from './cldr.ts'
import type { ClassificationData, Picture } from './dataset.ts'
import { openMoji } from './emoji.ts'
import { remembered } from './packages.ts'
import { namedThings } from './shapes.ts'

/** Directions of motion, which CLDR's arrows name, from the right against the clock. */
const ARROWS = ['➡', '↗', '⬆', '↖', '⬅', '↙', '⬇', '↘'] as const
/** Axes of motion that CLDR names. */
const AXES = { '↔': ['➡', '⬅'], '↕': ['⬆', '⬇'] } as const

const FRAMES = 4
const [SIZE, THING, REACH] = [96, 48, 22]

const codeOf = (emoji: string) => (emoji.codePointAt(0) as number).toString(16).toUpperCase()

/** The frames of a thing that crosses the picture through its middle. */
const frames = remembered((key) => {
  const [svg, direction] = key.split('\n')
  const angle = (Number(direction) * Math.PI) / 4
  return Array.from({ length: FRAMES }, (_, frame): Uint8Array => {
    // From −1 to 1; opposite directions show the same pictures in the opposite order.
    const way = (2 * frame) / (FRAMES - 1) - 1
    const at = (component: number) => ((SIZE - THING) / 2 + REACH * way * component).toFixed(1)
    const moved = `<g transform="translate(${at(Math.cos(angle))} ${at(-Math.sin(angle))})">${svg}</g>`
    return new TextEncoder().encode(
      `<svg xmlns="http://www.w3.org/2000/svg" width="${SIZE}" height="${SIZE}" viewBox="0 0 ${SIZE} ${SIZE}"><rect width="${SIZE}" height="${SIZE}" fill="#fff"/>${moved}</svg>`,
    )
  })
})

/** What is asked of a video. */
export type MotionQuestion = 'thing' | 'axis' | 'direction'

/**
 * Generated videos of four frames: one of 21 things moves in one of eight directions. Asked is what moves, along which
 * axis it moves (those that move across or up and down), or in which direction. The frames of opposite directions are
 * the same pictures: a model that averages frames can tell them apart in no way.
 */
export function loadMotion(language: string, { ask }: { ask: MotionQuestion }): ClassificationData {
  const names = emojiNames(language)
  const things = namedThings(language)
  const named = (emoji: string) => ({ id: emoji, name: nameIn(language, names, emoji) })
  const classes = {
    thing: () => things.map(({ id, name }) => ({ id, name })),
    axis: () => Object.keys(AXES).map(named),
    direction: () => ARROWS.map(named),
  }[ask]()
  const axes = Object.values(AXES) as readonly (readonly string[])[]
  const answer = {
    thing: (thing: number, _: string) => thing,
    axis: (_: number, arrow: string) => axes.findIndex((arrows) => arrows.includes(arrow)),
    direction: (_: number, arrow: string) => ARROWS.indexOf(arrow as (typeof ARROWS)[number]),
  }[ask]
  const videos = things.flatMap(({ id, svg }, thing) =>
    ARROWS.flatMap((arrow, direction): { picture: Picture; gold: number }[] => {
      const gold = answer(thing, arrow)
      if (gold < 0) return []
      return [{ picture: { id: `${id} ${arrow}`, cluster: id, input: frames(`${svg}\n${direction}`) }, gold }]
    }),
  )
  const emojiOf = new Map(things.map(({ id, emoji }) => [id, emoji]))
  return {
    kind: 'classification',
    pictures: videos.map(({ picture }) => picture),
    gold: videos.map(({ gold }) => gold),
    classes,
    templates: ['{c}'],
    references: new Map(classes.map(({ id }) => [id, openMoji(codeOf(emojiOf.get(id) ?? id)).input])),
  }
}
