// Downloads the model given by environment and argument, in a process of its own: tests run several of them. Prints how
// far each file is, a line each time, and at the end what was downloaded of each.
import { snapshotDownload } from '../snapshot.ts'

const { files } = await snapshotDownload(process.argv[2], {
  onProgress: ({ file, fileDone }) => void process.stdout.write(`${file} ${fileDone}\n`),
})
process.stdout.write(JSON.stringify(files.map(({ downloaded }) => downloaded)))
