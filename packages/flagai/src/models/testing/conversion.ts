// Converts the text half of the embedded model in a process of its own: `whole`, or `killed` half-way.
import { AltCLIP } from '../altclip/index.ts'
import { EMBEDDED_MODEL } from '../folder.ts'

const model = await AltCLIP.fromPretrained(EMBEDDED_MODEL, {
  dtype: 'int4',
  threads: 1,
  onConversion: (_, done, total) => {
    if (process.argv[2] === 'killed' && done > total / 2) process.kill(process.pid, 'SIGKILL')
  },
})
await model.encodeText('cat')
await model.dispose()
process.disconnect?.()
