import { existsSync, readdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import { type AggregatedMetric, checkGroup, checkTask, groupKeys } from './config.ts'
import type { DataFolders } from './documents.ts'
import { openTask, type PromptTask } from './task.ts'
import { readYaml, resolveFunctions, type YamlFile } from './yamlFile.ts'

/** Tasks under one name, with the metrics that are averaged over all of them. */
export interface TaskGroup {
  readonly name: string
  readonly alias: string
  readonly version: string
  readonly aggregated: readonly AggregatedMetric[]
  readonly children: ReadonlyMap<string, PromptTask | TaskGroup>
}

export const isGroup = (it: PromptTask | TaskGroup): it is TaskGroup => 'children' in it

/** All tasks in a group and in the groups inside it. */
export const tasksOf = (group: TaskGroup): PromptTask[] =>
  [...group.children.values()].flatMap((child) => (isGroup(child) ? tasksOf(child) : [child]))

/** A group, then the groups inside it. */
export const groupsOf = (group: TaskGroup): TaskGroup[] => [
  group,
  ...[...group.children.values()].filter(isGroup).flatMap(groupsOf),
]

/** Whether a YAML file is written in lm-eval's dialect: it names a task or a group of tasks. */
export function isLmEvalFile(path: string): boolean {
  if (!/\.ya?ml$/.test(path) || !existsSync(path)) return false
  const { content } = readYaml(path)
  return !('id' in content) && ('task' in content || 'group' in content)
}

type Entry =
  | { readonly kind: 'task' | 'group'; readonly yaml: YamlFile }
  | { readonly kind: 'tag'; readonly tasks: string[] }
type Overrides = Readonly<Record<string, unknown>>

/** What the YAML files under a folder name; files that are no tasks (included ones) are passed over. */
function indexOf(folder: string): Map<string, Entry> {
  const entries = new Map<string, Entry>()
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.yaml$/.test(name) && !name.includes('node_modules'))
    .sort()
  for (const file of files) {
    let yaml: YamlFile
    try {
      yaml = readYaml(join(folder, file))
    } catch (error) {
      // A file that nobody asks for must not stop the others; one that is asked for is read again and fails then.
      if (error instanceof FlagError) continue
      throw error
    }
    const { group, task, tag } = yaml.content
    if (typeof group === 'string') {
      if (!entries.has(group)) entries.set(group, { kind: 'group', yaml })
      continue
    }
    if (typeof task !== 'string' || entries.has(task)) continue
    entries.set(task, { kind: 'task', yaml })
    for (const name of [tag ?? []].flat() as string[]) {
      const known = entries.get(name) ?? { kind: 'tag', tasks: [] }
      if (known.kind === 'tag') known.tasks.push(task)
      entries.set(name, known)
    }
  }
  return entries
}

/** The file as a member of a group sees it: what the group says wins. */
const overlaid = (yaml: YamlFile, overrides: Overrides, from: YamlFile): YamlFile => ({
  file: yaml.file,
  content: { ...yaml.content, ...overrides },
  where: (path) =>
    path.length > 0 && (path[0] as string) in overrides
      ? `${from.file}: ${path.join('.')}`
      : yaml.where(path),
})

/** Opens tasks and groups, each from its YAML file. Members of groups are looked for in the folder of the group's file. */
export async function loadTasks(
  paths: readonly string[],
  folders?: DataFolders,
): Promise<(PromptTask | TaskGroup)[]> {
  const indexes = new Map<string, Map<string, Entry>>()
  const loaded: (PromptTask | TaskGroup)[] = []
  for (const path of paths) {
    const yaml = readYaml(path)
    const folder = dirname(resolve(path))
    const index = () => {
      const known = indexes.get(folder) ?? indexOf(folder)
      indexes.set(folder, known)
      return known
    }
    loaded.push(
      'group' in yaml.content
        ? await openGroup(yaml, index(), {}, folders)
        : await openFile(yaml, {}, yaml, folders),
    )
  }
  return loaded
}

async function openFile(
  yaml: YamlFile,
  overrides: Overrides,
  from: YamlFile,
  folders?: DataFolders,
): Promise<PromptTask> {
  const merged = overlaid(yaml, overrides, from)
  // Functions are resolved where they are written.
  const own = await resolveFunctions(yaml)
  const theirs = await resolveFunctions({ ...from, content: { ...overrides } })
  return openTask(checkTask({ ...own, ...theirs }, merged), merged, folders)
}

async function openGroup(
  yaml: YamlFile,
  index: ReadonlyMap<string, Entry>,
  overrides: Overrides,
  folders?: DataFolders,
  name?: string,
): Promise<TaskGroup> {
  const config = checkGroup(yaml.content, yaml)
  const own = Object.fromEntries(Object.entries(yaml.content).filter(([key]) => !groupKeys.includes(key)))
  const inherited = { ...own, ...overrides }
  const title = name ?? config.group
  const children = new Map<string, PromptTask | TaskGroup>()
  const add = (child: PromptTask | TaskGroup) =>
    children.set(isGroup(child) ? child.name : child.config.task, child)
  const members = [config.task ?? []].flat() as (string | Record<string, unknown>)[]
  for (const [i, member] of members.entries()) {
    const given = typeof member === 'string' ? {} : member
    const place = yaml.where(['task', i])
    if (typeof member !== 'string' && 'group' in member) {
      const known = index.get(member.group as string)
      if (known?.kind === 'group') {
        const { group: _, ...rest } = member
        add(await openGroup(known.yaml, index, { ...inherited, ...rest }, folders))
      } else {
        const inline = { ...yaml, content: member }
        add(await openGroup(inline, index, inherited, folders, `${title}::${member.group}`))
      }
      continue
    }
    const target = typeof member === 'string' ? member : member.task
    if (typeof target !== 'string') {
      throw new FlagError('corrupt-file', `${place}: expected a name, or an entry with task or group`)
    }
    const known = index.get(target)
    const merged = { ...inherited, ...given }
    if (known?.kind === 'group') {
      const { task: _, ...rest } = merged
      add(await openGroup(known.yaml, index, rest, folders))
    } else if (known?.kind === 'tag') {
      for (const task of [...known.tasks].sort()) {
        const { yaml: file } = index.get(task) as { yaml: YamlFile }
        add(await openFile(file, { ...merged, task }, yaml, folders))
      }
    } else if (known) {
      add(await openFile(known.yaml, merged, yaml, folders))
    } else if (typeof member === 'string') {
      throw new FlagError(
        'not-found',
        `${place}: no task, group or tag "${target}" under ${dirname(yaml.file)}`,
      )
    } else {
      const inline = { ...yaml, content: {} }
      add(await openFile(inline, { ...merged, task: `${title}::${target}` }, yaml, folders))
    }
  }
  const aggregated = [config.aggregate_metric_list ?? []].flat()
  const version = config.metadata?.version
  return {
    name: title,
    alias: config.group_alias ?? title,
    version: version === undefined ? 'N/A' : String(version),
    aggregated,
    children,
  }
}
