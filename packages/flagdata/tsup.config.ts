import { library } from '../../tools/repo/tsup.ts'

export default library({
  index: 'src/index.ts',
  worker: 'src/executors/worker.ts',
  extractWorker: 'src/extract/extractWorker.ts',
  'cli/main': 'src/cli/main.ts',
})
