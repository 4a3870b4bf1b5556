// An evaluation server in a process of its own, for tests that kill it: database, port, task files. Writes its address.
import { loadTasks } from '../../lmEval/index.ts'
import { serve } from '../server.ts'

const [database, port, ...files] = process.argv.slice(2)
const server = await serve({ database, port: Number(port), tasks: await loadTasks(files) })
process.stdout.write(`${server.url}\n`)
