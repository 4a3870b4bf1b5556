import { printJson } from '@flag/core-tensor/terminal'
import { snapshotDownload } from '../hub/index.ts'
import { bytes, type Context } from './context.ts'
import { Progress } from './progress.ts'

interface PullOptions {
  revision?: string
  include?: string[]
  exclude?: string[]
  json?: boolean
}

/** `flagai pull`: brings a model from the hub into the cache. */
export async function pull({ terminal, env }: Context, id: string, options: PullOptions): Promise<void> {
  const progress = new Progress(terminal, id, { format: bytes })
  const snapshot = await snapshotDownload(id, {
    ...options,
    env,
    onProgress: ({ done, size }) => progress.update(done, size),
  }).finally(() => progress.end())
  const total = (sizes: readonly { size: number }[]) => sizes.reduce((sum, { size }) => sum + size, 0)
  const downloaded = snapshot.files.reduce((sum, file) => sum + file.downloaded, 0)
  if (options.json) {
    const { commit, folder, files, skipped } = snapshot
    printJson(terminal, { id, commit, folder, bytes: total(files), downloaded, files, skipped })
    return
  }
  const { files, skipped } = snapshot
  terminal.err(`${files.length} files, ${bytes(total(files))}, ${bytes(downloaded)} of them downloaded now\n`)
  if (skipped.length > 0) {
    const names = skipped.slice(0, 5).map(({ path }) => path)
    terminal.err(
      `skipped ${skipped.length} files, ${bytes(total(skipped))} (--include takes them): ${names.join(', ')}${skipped.length > names.length ? ', …' : ''}\n`,
    )
  }
  terminal.out(`${snapshot.folder}\n`)
}
