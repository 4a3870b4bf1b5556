import { library } from '../../tools/repo/tsup.ts'

export default library({ index: 'src/index.ts' })
