import { realpathSync } from 'node:fs'
import path from 'node:path'
import { FlagError } from '../errors.ts'

/** How a model in memory names weights that stay in the checkpoint files they came in. */
export interface InPlaceFiles {
  /** Value of the session option `session.model_external_initializers_file_folder_path`. */
  readonly folder: string
  /** The ONNX external-data `location` of a file. */
  location(file: string): string
}

/**
 * Locations that ONNX Runtime accepts for external data lying anywhere on the disk.
 *
 * ONNX Runtime refuses absolute locations, and whatever leaves the model's folder once symbolic links are
 * resolved (Hugging Face's cache is made of such links). A model loaded from bytes may name that folder in a
 * session option, so the root of the file system is named, and real paths are given relative to it.
 *
 * Throws `not-found` for a missing file, `unsupported` when files lie on different Windows drives.
 */
export function inPlaceFiles(files: Iterable<string>): InPlaceFiles {
  const locations = new Map<string, string>()
  let folder = ''
  for (const file of files) {
    let real: string
    try {
      real = realpathSync(file)
    } catch (cause) {
      throw new FlagError('not-found', `${file}: cannot be opened in place`, { cause })
    }
    const { root } = path.parse(real)
    if (folder !== '' && root !== folder) {
      throw new FlagError('unsupported', `weights lie on two drives, ${folder} and ${root}`, {
        hint: 'move the checkpoint files to one drive',
      })
    }
    folder = root
    locations.set(file, path.relative(root, real).split(path.sep).join('/'))
  }
  return {
    folder,
    location(file) {
      const location = locations.get(file)
      if (location === undefined)
        throw new FlagError('invalid-argument', `${file} was not named when opening in place`)
      return location
    },
  }
}
