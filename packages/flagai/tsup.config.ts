import { library } from '../../tools/repo/tsup.ts'

export default library(
  {
    index: 'src/index.ts',
    'cli/main': 'src/cli/main.ts',
  },
  {
    // The declarations still name zod.
    bundled: ['entities', 'zod'],
    threads: { worker: 'src/preprocess/worker.ts' },
  },
)
