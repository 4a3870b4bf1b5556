import { join, resolve } from 'node:path'
import { stringify } from 'yaml'
import type { Pipeline } from '../pipeline/pipeline.ts'
import { writeAtomic } from '../writers/atomic.ts'
import { makePlan, pathsOf, withAbsolutePaths } from './state.ts'
import { type Command, type PhaseTasks, planTasks, shellWord } from './tasks.ts'

export interface KubernetesOptions {
  /** Tasks of each phase, as far as it has that many items. */
  tasks: number
  maxRunning?: number
  /** An image with Node and @flag/data. */
  image: string
  /** The persistent volume claim that holds input and output. */
  claim: string
  /** Where it is mounted; input and output lie below it, here as in the pods. */
  mount: string
  namespace?: string
  command: Command
  cpu?: string
  memory?: string
}

/**
 * Writes an Indexed Job for each phase of what is missing, and `submit.sh`, which applies one after the other as they
 * complete. Returns the folder. A pod that fails is tried again three times; what it had done is not done again.
 *
 * @throws DataError as `run` does
 */
export async function writeKubernetes(pipeline: Pipeline, options: KubernetesOptions): Promise<string> {
  const phases = await planTasks(pipeline, options.tasks)
  const folder = join(pathsOf(pipeline).state, 'kubernetes')
  const id = makePlan(withAbsolutePaths(pipeline), []).fingerprint.slice(0, 8)
  const jobs = phases.map((phase, i) => {
    const job = jobManifest(
      pipeline,
      phase,
      `flagdata-${id}-${i}-${phase.phase.replaceAll('.', '-')}`,
      options,
    )
    return { file: `${i}-${phase.phase}.yaml`, job }
  })
  for (const { file, job } of jobs) await writeAtomic(join(folder, file), stringify(job))
  const namespace = options.namespace ? ` --namespace ${shellWord(options.namespace)}` : ''
  const lines = jobs.flatMap(({ file, job }) => [
    `kubectl apply${namespace} --filename ${shellWord(join(resolve(folder), file))}`,
    `wait_for ${job.metadata.name}`,
  ])
  await writeAtomic(
    join(folder, 'submit.sh'),
    `#!/bin/sh
# Applies the phases of a run one after the other. Run it again after a failure: what is done is not done again.
set -eu
wait_for() {
  until kubectl wait${namespace} --for=condition=complete --timeout=10s "job/$1" >/dev/null 2>&1; do
    if kubectl wait${namespace} --for=condition=failed --timeout=0s "job/$1" >/dev/null 2>&1; then
      echo "$1 failed: kubectl logs${namespace} job/$1" >&2
      exit 1
    fi
  done
}
${lines.join('\n')}
`,
  )
  return folder
}

function jobManifest(
  { write }: Pipeline,
  { phase, tasks }: PhaseTasks,
  name: string,
  {
    maxRunning = tasks,
    image,
    claim,
    mount,
    namespace,
    command,
    cpu = '1',
    memory = '2Gi',
  }: KubernetesOptions,
) {
  const resources = { cpu, memory }
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, ...(namespace ? { namespace } : {}), labels: { app: 'flagdata' } },
    spec: {
      completionMode: 'Indexed',
      completions: tasks,
      parallelism: Math.min(tasks, maxRunning),
      backoffLimitPerIndex: 3,
      template: {
        metadata: { labels: { app: 'flagdata' } },
        spec: {
          restartPolicy: 'Never',
          containers: [
            {
              name: 'work',
              image,
              command: [...command, 'work', resolve(write.path), '--phase', phase, '--tasks', String(tasks)],
              resources: { requests: resources, limits: { memory } },
              volumeMounts: [{ name: 'data', mountPath: mount }],
            },
          ],
          volumes: [{ name: 'data', persistentVolumeClaim: { claimName: claim } }],
        },
      },
    },
  }
}
