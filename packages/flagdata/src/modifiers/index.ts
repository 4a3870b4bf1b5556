/** Every modifier: what is exported here is a step that recipes may name. */
export { pii } from './pii.ts'
