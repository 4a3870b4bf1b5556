import * as z from 'zod'
import type { StepFactory } from '../pipeline/define.ts'
import { stepFactories } from '../pipeline/registry.ts'

/** An option of a step, as its schema describes it. */
export interface OptionDescription {
  name: string
  /** What values it takes, in words. */
  type: string
  /** As JSON; absent where the option has no default. */
  default?: unknown
  required: boolean
  description?: string
}

/** The parts of a JSON schema that are read here. */
interface JsonSchema {
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  anyOf?: JsonSchema[]
  items?: JsonSchema
  properties?: Record<string, JsonSchema>
  required?: string[]
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  exclusiveMaximum?: number
  default?: unknown
  description?: string
}

const byName = [...stepFactories].sort((a, b) => (a.stepName < b.stepName ? -1 : 1))

/** Everything that `flagdata steps` tells about a step. */
export function describeStep({ stepName, schema, description }: StepFactory) {
  return { name: stepName, ...description, options: optionsOf(schema) }
}

export const describeSteps = () => byName.map(describeStep)

function optionsOf(schema: z.ZodType): OptionDescription[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
  }) as JsonSchema
  return Object.entries(properties).map(([name, option]) => ({
    name,
    type: typeOf(option),
    ...('default' in option ? { default: option.default } : {}),
    required: required.includes(name),
    ...(option.description ? { description: option.description } : {}),
  }))
}

function typeOf(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' | ')
  if (schema.type === 'array') {
    const items = typeOf(schema.items ?? {})
    return `list of ${items.includes(' | ') ? `(${items})` : items}`
  }
  if (schema.type === 'integer' || schema.type === 'number') {
    // Zod writes the range of safe integers where no limit was given.
    const least = schema.minimum ?? schema.exclusiveMinimum
    const most = schema.maximum ?? schema.exclusiveMaximum
    const from = least === undefined || least === Number.MIN_SAFE_INTEGER ? '' : ` from ${least}`
    const to = most === undefined || most === Number.MAX_SAFE_INTEGER ? '' : ` to ${most}`
    return `${schema.type === 'integer' ? 'whole number' : 'number'}${from}${to}`
  }
  return typeof schema.type === 'string' ? schema.type : 'any value'
}

/** One step as text for a terminal. */
export function stepText(factory: StepFactory): string {
  const { name, summary, source, reasons, counts, differences, options } = describeStep(factory)
  const lines = [name, `  ${summary ?? ''}`]
  if (options.length > 0) lines.push('options:')
  for (const option of options)
    lines.push(
      `  ${option.name}: ${option.type}${defaultOf(option)}`,
      ...(option.description ? [`      ${option.description}`] : []),
    )
  if (reasons?.length) lines.push(`reasons: ${reasons.join(', ')}`)
  if (counts?.length) lines.push(`counts: ${counts.join(', ')}`)
  for (const difference of differences ?? []) lines.push(`differs: ${difference}`)
  if (source) lines.push(`source: ${source}`)
  return `${lines.join('\n')}\n`
}

const defaultOf = (option: OptionDescription) =>
  option.required ? ' (required)' : 'default' in option ? ` = ${shortJson(option.default)}` : ''

function shortJson(value: unknown): string {
  const json = JSON.stringify(value)
  return json.length > 120 ? `${json.slice(0, 110)} …` : json
}

/** The page of the documentation that lists every step. */
export function stepsPage(): string {
  const steps = describeSteps()
  const parts = [
    '# Steps of @flag/data',
    'Made by `flagdata steps --markdown` from the schemas of the steps; `flagdata steps <name>` prints one of them. A recipe names a step by the name given here or in camelCase (`gopherQuality`); in TypeScript each is a function of that camelCase name (`url` is `urlFilter`).',
    table(
      ['step', 'what it does'],
      steps.map(({ name, summary }) => [`[\`${name}\`](#${name})`, summary ?? '']),
    ),
  ]
  for (const { name, summary, source, reasons, counts, differences, options } of steps) {
    parts.push(`## ${name}`, summary ?? '')
    if (options.length > 0)
      parts.push(
        table(
          ['option', 'values', 'default', ''],
          options.map((option) => [
            `\`${option.name}\``,
            option.type,
            option.required ? 'required' : 'default' in option ? `\`${shortJson(option.default)}\`` : '',
            option.description ?? '',
          ]),
        ),
      )
    if (reasons?.length) parts.push(`Removes for: ${reasons.map((it) => `\`${it}\``).join(', ')}.`)
    if (counts?.length) parts.push(`Counts: ${counts.map((it) => `\`${it}\``).join(', ')}.`)
    if (source) parts.push(`Source: ${source}`)
    if (differences?.length)
      parts.push(`Differs from it on purpose:\n\n${differences.map((it) => `- ${markup(it)}`).join('\n')}`)
  }
  return `${parts.join('\n\n')}\n`
}

// Outside of code, VitePress takes < and {{ for its own.
const markup = (text: string) =>
  text
    .split(/(`[^`]*`)/)
    .map((part, i) => (i % 2 ? part : part.replaceAll('<', '&lt;').replaceAll('{{', '&#123;&#123;')))
    .join('')

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => markup(cell).replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
