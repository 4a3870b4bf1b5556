import { library } from '../../tools/repo/tsup.ts'

export default library({
  index: 'src/index.ts',
  statistics: 'src/statistics/index.ts',
  terminal: 'src/terminal/index.ts',
})
