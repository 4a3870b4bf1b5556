import { passAtKMetric } from '../../sandbox/codeTasks.ts'

/** What a task's module exports for programs in JavaScript. */
export const pass_at_k = passAtKMetric({ language: 'javascript' })
