import { library } from '../../tools/repo/tsup.ts'

export default library(
  {
    index: 'src/index.ts',
    worker: 'src/preprocess/worker.ts',
    'cli/main': 'src/cli/main.ts',
  },
  // Its declarations still name zod, which therefore stays a dependency.
  ['zod'],
)
