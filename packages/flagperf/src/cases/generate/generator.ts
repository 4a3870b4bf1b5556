import { setTimeout as wait } from 'node:timers/promises'

/** Something that answers with a text, piece by piece. */
export interface TextGenerator {
  readonly name: string
  /**
   * Yields a piece of the answer as soon as it is there. What it returns is the number of tokens, where it knows: a piece may
   * be several. Throws where there is no answer.
   */
  generate(
    prompt: string,
    options: { readonly maxTokens: number },
  ): AsyncGenerator<string, number | undefined>
}

/** A generator that waits instead of computing: what is measured of it is known. */
export const dummyGenerator = (firstMs: number, nextMs: number): TextGenerator => ({
  name: `dummy, ${firstMs} ms to the first token and ${nextMs} ms to each other`,
  async *generate(_, { maxTokens }) {
    for (let token = 0; token < maxTokens; token++) {
      await wait(token === 0 ? firstMs : nextMs)
      yield 'token '
    }
    return maxTokens
  },
})
