import { FlagError } from '@flag/core-tensor'

/** What `@flag/data` throws: a recipe, a file or a state folder that cannot be used as asked. */
export class DataError extends FlagError {}
