// Downloads the model given by environment and arguments: a process of its own for tests of several of them.
import { snapshotDownload } from '../snapshot.ts'

const { files } = await snapshotDownload(process.argv[2])
process.stdout.write(JSON.stringify(files.map(({ downloaded }) => downloaded)))
