import { readFile, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, join, resolve } from 'node:path'
import { type ExecutionProvider, FlagError } from '@flag/core-tensor'
import { readPorts } from '../attribution/nodes.ts'
import { makeInputs } from '../cases/inputs.ts'
import { packageRoot } from '../files.ts'
import type { SubjectDescription } from './schema.ts'

/** A model with everything that its time may depend on. */
export interface ModelSubject {
  readonly kind: 'model'
  /** Path of an .onnx file. */
  readonly model: string
  readonly provider?: ExecutionProvider
  /** Threads inside an operator. Default: 1, the only count that a shared machine measures well. */
  readonly threads?: number
  readonly optimization?: 'disabled' | 'basic' | 'extended' | 'all'
  /** Whether constant weights are copied into the layout that the kernels like best. Default: true. */
  readonly packWeights?: boolean
  /** Whether threads that have nothing to do wait by asking again and again. Default: true, as in ONNX Runtime. */
  readonly spinning?: boolean
  /** Folder in which another version of onnxruntime-node is installed. Default: the one of this package. */
  readonly runtime?: string
  readonly sizes?: Readonly<Record<string, number>>
  readonly fill?: Readonly<Record<string, number>>
}

/**
 * Anything else: a JavaScript or TypeScript module whose default export is a function, maybe asynchronous, that makes
 * everything ready and returns the function to time.
 */
export interface ModuleSubject {
  readonly kind: 'module'
  readonly module: string
  /** Where its process runs: imports and `tsconfig.json` are looked for from here. Default: the current folder. */
  readonly folder?: string
}

export type Subject = ModelSubject | ModuleSubject

/** What a subject's process is started and opened with. */
export interface PreparedSubject {
  readonly description: SubjectDescription
  readonly open: object
  readonly execArgv: readonly string[]
  readonly folder: string
  /** Whether the time of its processor is its time: it computes in one thread and waits for nothing. */
  readonly singleThreaded: boolean
}

/** Reads what a subject needs. Throws `not-found` for files and runtimes that are not there. */
export async function prepareSubject(subject: Subject): Promise<PreparedSubject> {
  const file = resolve(subject.kind === 'model' ? subject.model : subject.module)
  if (!(await stat(file).catch(() => undefined))?.isFile())
    throw new FlagError('not-found', `${file}: no such file`, {
      hint: 'what is compared is an .onnx file, or a module whose default export gives the function to time',
    })
  return subject.kind === 'model' ? prepareModel(subject, file) : prepareModule(subject, file)
}

async function prepareModel(subject: ModelSubject, file: string): Promise<PreparedSubject> {
  const { provider = 'cpu', threads = 1, optimization = 'all', packWeights = true, spinning = true } = subject
  const inputs = makeInputs(readPorts(await readFile(file)), { sizes: subject.sizes, fill: subject.fill })
  const runtime = runtimeOf(subject.runtime)
  const session: Record<string, string> = {}
  if (!packWeights) session.disable_prepacking = '1'
  if (!spinning) session['intra_op.allow_spinning'] = '0'
  return {
    description: {
      name: basename(file),
      kind: 'model',
      options: { provider, threads, optimization, packWeights, spinning, onnxruntime: runtime.version },
    },
    open: {
      kind: 'model',
      model: file,
      runtime: runtime.entry,
      sessionOptions: {
        executionProviders: provider === 'cpu' ? ['cpu'] : [provider, 'cpu'],
        intraOpNumThreads: threads,
        graphOptimizationLevel: optimization,
        logSeverityLevel: 3,
        extra: { session },
      },
      feeds: Object.fromEntries(
        Object.entries(inputs).map(([name, { dtype, shape, data }]) => [
          name,
          { type: dtype, dims: shape, data, location: 'cpu' },
        ]),
      ),
    },
    execArgv: [],
    folder: process.cwd(),
    singleThreaded: provider === 'cpu' && threads === 1,
  }
}

function prepareModule({ folder = process.cwd() }: ModuleSubject, file: string): PreparedSubject {
  return {
    description: { name: basename(file), kind: 'module', options: {} },
    open: { kind: 'module', module: file },
    execArgv: /\.[cm]?ts$/.test(file) ? ['--import', 'tsx'] : [],
    folder,
    singleThreaded: false,
  }
}

/** Entry file and version of onnxruntime-node as it is installed in a folder. */
function runtimeOf(folder: string | undefined): { entry: string; version: string } {
  const from = createRequire(join(resolve(folder ?? packageRoot()), 'package.json'))
  try {
    return {
      entry: from.resolve('onnxruntime-node'),
      version: from('onnxruntime-node/package.json').version,
    }
  } catch (cause) {
    throw new FlagError('not-found', `${folder}: onnxruntime-node is not installed there`, {
      cause,
      hint: `npm install --prefix ${folder} --ignore-scripts onnxruntime-node@VERSION`,
    })
  }
}
