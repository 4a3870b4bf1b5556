import type { Change } from '../pipeline/step.ts'
import type { Text } from '../text/text.ts'

/** The outcome of a step that makes one text of another: nothing where both are equal. */
export const changed = ({ value }: Text, text: string): Change | undefined =>
  text === value ? undefined : { text }
