import { library } from '../../tools/repo/tsup.ts'

export default library({
  index: 'src/index.ts',
  'cli/main': 'src/cli/main.ts',
  'cases/child': 'src/cases/child.ts',
  'monitors/child': 'src/monitors/child.ts',
})
