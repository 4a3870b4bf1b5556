import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, realpath, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { promisify } from 'node:util'
import { FlagError } from '@flag/core-tensor'

const run = promisify(execFile)

/** A file as it was at a revision, with the rest of its repository around it. */
export interface FileAtRevision {
  readonly file: string
  /** The folder that stands for the repository. */
  readonly folder: string
  readonly commit: string
  remove(): Promise<void>
}

/**
 * Writes a revision of the git repository that a file is in to a temporary folder. The packages that are installed in
 * the repository now are used there too, but links among its own packages lead to those of the revision. Throws
 * `not-found` for files outside of a repository and revisions that do not exist.
 */
export async function fileAtRevision(path: string, revision: string): Promise<FileAtRevision> {
  const file = resolve(path)
  const git = async (...args: string[]) =>
    (await run('git', args, { cwd: dirname(file), maxBuffer: 2 ** 30 })).stdout.trim()
  const failed = (cause: unknown) =>
    new FlagError('not-found', `${path}@${revision}: ${lastLine(cause)}`, {
      cause,
      hint: 'a file in a git repository, and a branch, tag or commit of it',
    })
  let root: string
  let commit: string
  try {
    root = await git('rev-parse', '--show-toplevel')
    commit = await git('rev-parse', '--verify', '--end-of-options', `${revision}^{commit}`)
  } catch (cause) {
    throw failed(cause)
  }
  const folder = await mkdtemp(join(tmpdir(), 'flagperf-revision-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    const archive = join(folder, '.revision.tar')
    await run('git', ['archive', '--format=tar', `--output=${archive}`, commit], { cwd: root })
    await run('tar', ['-xf', archive, '-C', folder])
    await rm(archive)
    await linkPackages(await realpath(root), folder, 'node_modules')
  } catch (cause) {
    await remove()
    throw failed(cause)
  }
  return {
    file: join(folder, relative(await realpath(root), await realpath(dirname(file))), fileName(file)),
    folder,
    commit,
    remove,
  }
}

const fileName = (file: string) => file.slice(file.lastIndexOf(sep) + 1)

const lastLine = (cause: unknown) => {
  const { stderr, message } = cause as { stderr?: string; message: string }
  return (stderr?.trim() || message).split('\n').at(-1)
}

/** Links every installed package into the folder; those that lie in the repository itself, to where they lie there. */
async function linkPackages(root: string, folder: string, inside: string): Promise<void> {
  const names = await readdir(join(root, inside)).catch(() => [])
  await mkdir(join(folder, inside), { recursive: true })
  for (const name of names) {
    const path = join(inside, name)
    if (name.startsWith('@')) {
      await linkPackages(root, folder, path)
      continue
    }
    const target = await realpath(join(root, path))
    const own = relative(root, target)
    const isOwn = !own.startsWith('..') && !own.split(sep).includes('node_modules')
    await symlink(isOwn ? join(folder, own) : target, join(folder, path))
  }
}
