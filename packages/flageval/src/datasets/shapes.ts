import { readFileSync } from 'node:fs'
import { emojiNames, nameIn } from './cldr.ts'
import type { FoilsData, MultiLabelData, PairsData, Picture, References } from './dataset.ts'
import { openMoji } from './emoji.ts'

/** CLDR names every one of these in every language, so no caption is translated by us. */
const COLOURS = {
  red: { hex: '#e0241b', circle: '🔴', square: '🟥', heart: '❤' },
  orange: { hex: '#f08a1c', circle: '🟠', square: '🟧', heart: '🧡' },
  yellow: { hex: '#f7d416', circle: '🟡', square: '🟨', heart: '💛' },
  green: { hex: '#3da93f', circle: '🟢', square: '🟩', heart: '💚' },
  blue: { hex: '#1f62d9', circle: '🔵', square: '🟦', heart: '💙' },
  purple: { hex: '#8e3fb5', circle: '🟣', square: '🟪', heart: '💜' },
  brown: { hex: '#7b4a26', circle: '🟤', square: '🟫', heart: '🤎' },
} as const
type Colour = keyof typeof COLOURS
type Shape = 'circle' | 'square' | 'heart'

interface Thing {
  readonly colour: Colour
  readonly shape: Shape
}

const SHAPES = {
  circle: '<circle cx="24" cy="24" r="20"/>',
  square: '<rect x="5" y="5" width="38" height="38"/>',
  heart: '<path d="M24 44 C4 30 2 20 4 13 C7 3 20 3 24 14 C28 3 41 3 44 13 C46 20 44 30 24 44 Z"/>',
} as const

const colours = Object.keys(COLOURS) as Colour[]
const shapePairs: [Shape, Shape][] = [
  ['circle', 'square'],
  ['circle', 'heart'],
  ['square', 'heart'],
]

/** Two things beside each other on white, as an SVG. */
function draw(left: Thing, right: Thing): Picture {
  const part = ({ colour, shape }: Thing, x: number) =>
    `<g transform="translate(${x} 24)" fill="${COLOURS[colour].hex}">${SHAPES[shape]}</g>`
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96" viewBox="0 0 96 96"><rect width="96" height="96" fill="#fff"/>${part(left, 0)}${part(right, 48)}</svg>`
  const id = [left, right].map(({ colour, shape }) => `${colour}-${shape}`).join('+')
  return { id, input: new TextEncoder().encode(svg) }
}

/** OpenMoji's drawing of a thing, as the inside of an SVG at x. */
function openMojiAt({ colour, shape }: Thing, x: number): string {
  const hex = (COLOURS[colour][shape].codePointAt(0) as number).toString(16).toUpperCase()
  const svg = readFileSync(openMoji(hex).input, 'utf8')
  return svg.replace(/<svg[^>]*>/, `<svg x="${x}" y="24" width="48" height="48" viewBox="0 0 72 72">`)
}

/** Two things beside each other as OpenMoji draws them. */
const reference = ([left, right]: Scene): Uint8Array =>
  new TextEncoder().encode(
    `<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96" viewBox="0 0 96 96"><rect width="96" height="96" fill="#fff"/>${openMojiAt(left, 0)}${openMojiAt(right, 48)}</svg>`,
  )

/** Every thing there is, with its name in a language; for other generated sets. */
export function namedThings(language: string): { id: string; name: string; svg: string; emoji: string }[] {
  const names = emojiNames(language)
  return (Object.keys(SHAPES) as Shape[]).flatMap((shape) =>
    colours.map((colour) => {
      const { hex, [shape]: emoji } = COLOURS[colour]
      const svg = `<g fill="${hex}">${SHAPES[shape]}</g>`
      return { id: `${colour}-${shape}`, name: nameIn(language, names, emoji), svg, emoji }
    }),
  )
}

/** "red circle and blue square" in a language: CLDR's names, joined as its list pattern says. */
function captioner(language: string): (things: readonly Thing[]) => string {
  const names = emojiNames(language)
  const list = new Intl.ListFormat(language, { type: 'conjunction' })
  return (things) =>
    list.format(things.map(({ colour, shape }) => nameIn(language, names, COLOURS[colour][shape])))
}

/** Every pair of shapes with every pair of colours, each in both layouts. */
function* scenes() {
  for (const [a, b] of shapePairs)
    for (const [i, one] of colours.entries())
      for (const two of colours.slice(i + 1))
        for (const mirrored of [false, true]) {
          const first = [
            { colour: one, shape: a },
            { colour: two, shape: b },
          ] as const
          const second = [
            { colour: two, shape: a },
            { colour: one, shape: b },
          ] as const
          yield { cluster: `${a}+${b} ${one}+${two}`, mirrored, first, second }
        }
}

const referencesOf = (shown: readonly Scene[], caption: (scene: Scene) => string): References =>
  new Map(shown.map((scene) => [caption(scene), reference(scene)]))

type Scene = readonly [Thing, Thing]
const drawScene = ([a, b]: Scene, mirrored: boolean) => (mirrored ? draw(b, a) : draw(a, b))

/**
 * Generated pairs of Winoground's form: two pictures of the same two shapes in the same two colours, and two captions of
 * the same names (endings may differ) that say which shape has which colour. The layout gives nothing away: each pair comes in both.
 */
export function loadShapePairs(language: string): PairsData {
  const caption = captioner(language)
  const samples = Array.from(scenes(), ({ cluster, mirrored, first, second }) => ({
    id: `${cluster}${mirrored ? ' mirrored' : ''}`,
    cluster,
    captions: [caption(first), caption(second)] as const,
    pictures: [drawScene(first, mirrored), drawScene(second, mirrored)] as const,
  }))
  const shown = [...scenes()].flatMap(({ first, second }) => [first, second] as Scene[])
  return { kind: 'pair', samples, references: referencesOf(shown, caption) }
}

/**
 * Generated captions of SugarCrepe's form: a picture, its caption and one that is wrong by an exchanged colour
 * (`replace_att`), an exchanged shape (`replace_obj`) or swapped colours (`swap_att`).
 */
export function loadShapeFoils(language: string, options: { categories?: string[] } = {}): FoilsData {
  const caption = captioner(language)
  const shown: Scene[] = []
  const samples = [...scenes()].flatMap(({ cluster, mirrored, first, second }) => {
    const [a, b] = first
    const otherColour = colours.find((colour) => colour !== a.colour && colour !== b.colour) as Colour
    const otherShape = (['circle', 'square', 'heart'] as const).find(
      (shape) => shape !== a.shape && shape !== b.shape,
    ) as Shape
    const wrong: Record<string, Scene> = {
      replace_att: [{ ...a, colour: otherColour }, b],
      replace_obj: [{ ...a, shape: otherShape }, b],
      swap_att: second,
    }
    const wanted = Object.entries(wrong).filter(([it]) => options.categories?.includes(it) ?? true)
    shown.push(first, ...wanted.map(([, scene]) => scene))
    return wanted.map(([category, scene]) => ({
      id: `${category} ${cluster}${mirrored ? ' mirrored' : ''}`,
      cluster,
      category,
      picture: drawScene(first, mirrored),
      right: caption(first),
      wrong: [caption(scene)],
    }))
  })
  return { kind: 'foil', samples, references: referencesOf(shown, caption) }
}

/** The scenes with all things as labels, two of which are right in each. */
export function loadShapeLabels(language: string): MultiLabelData {
  const things = namedThings(language)
  const shown = [...scenes()].flatMap(({ cluster, mirrored, first, second }) =>
    [first, second].map((scene) => ({ cluster, scene, picture: drawScene(scene, mirrored) })),
  )
  const drawn = things.map(({ id, emoji }): [string, string] => {
    const hex = (emoji.codePointAt(0) as number).toString(16).toUpperCase()
    return [id, openMoji(hex).input]
  })
  return {
    kind: 'multi-label',
    pictures: shown.map(({ cluster, picture }) => ({ ...picture, cluster })),
    gold: shown.map(({ scene }) =>
      things.map(({ id }) => scene.some(({ colour, shape }) => id === `${colour}-${shape}`)),
    ),
    classes: things.map(({ id, name }) => ({ id, name })),
    templates: ['{c}'],
    references: new Map(drawn),
  }
}
