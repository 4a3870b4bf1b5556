import type { Attributes, DType } from '@flag/core-tensor'
import { z } from 'zod'
import { type Attribution, attribute } from '../attribution/attribute.ts'
import type { ProfiledNode } from '../attribution/profile.ts'
import type { ModelProfile } from '../attribution/run.ts'

const tensorType = z.object({ dtype: z.string(), shape: z.array(z.number().int().nonnegative()) })

/** Every run of a node, and what has to be known of it to count its work. */
export const profiledNodeSchema = z.object({
  name: z.string(),
  operator: z.string(),
  domain: z.string(),
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.array(z.number())])),
  provider: z.string(),
  clock: z.enum(['device', 'host']).optional(),
  microseconds: z.array(z.number()),
  inputs: z.array(tensorType.nullable()),
  outputs: z.array(tensorType),
})
export type ProfileJson = z.infer<typeof profiledNodeSchema>[]

/** A profile joined with the nodes of its graph, as JSON holds it. */
export function profileToJson({ profile, nodes }: ModelProfile): ProfileJson {
  const byName = new Map(nodes.map((node) => [node.name, node]))
  return profile.map((node) => {
    const { domain = '', attributes = {} } = byName.get(node.name) ?? {}
    const inputs = node.inputs.map((input) => input ?? null)
    return { ...node, inputs, domain, attributes } as ProfileJson[number]
  })
}

/** The attribution that follows from a profile. */
export function attributionOf(json: ProfileJson, provider: string): Attribution {
  const type = ({ dtype, shape }: { dtype: string; shape: number[] }) => ({ dtype: dtype as DType, shape })
  const profile = json.map(
    (node): ProfiledNode => ({
      ...node,
      inputs: node.inputs.map((input) => (input === null ? undefined : type(input))),
      outputs: node.outputs.map(type),
    }),
  )
  const nodes = json.map(({ name, operator, domain, attributes }) => ({
    name,
    operator,
    domain,
    attributes: attributes as Attributes,
    inputs: [],
    depth: 0,
  }))
  return attribute(profile, nodes, provider)
}
