import { cutAt, type LanguageModel } from '../../models/languageModel.ts'
import { fromTokens, type TokenModel } from '../../models/tokenModel.ts'

const START = 2166136261

function mixed(state: number): number {
  let bits = state >>> 0
  bits ^= bits >>> 15
  bits = Math.imul(bits, 2246822519) >>> 0
  return (bits ^ (bits >>> 13)) >>> 0
}

const folded = (state: number, numbers: readonly number[]) =>
  numbers.reduce((bits, number) => Math.imul(bits ^ number, 16777619) >>> 0, state >>> 0)

const characters = (text: string) => Array.from(text, (char) => char.codePointAt(0) as number)

const tokens: TokenModel = {
  name: 'hash',
  fingerprint: 'hash of characters',
  maxLength: 32,
  prefixToken: 0,
  encode: characters,
  score: async (pairs) =>
    pairs.map(({ context, continuation }) => {
      const all = [...context, ...continuation]
      let [logLikelihood, greedy] = [0, true]
      for (let at = context.length; at < all.length; at++) {
        const seen = all.slice(Math.max(0, at - 3), at + 1)
        const state = mixed(folded(START ^ (context.length % 251), seen))
        logLikelihood -= 0.05 + (state % 4096) / 1024
        greedy &&= (state >>> 12) % 8 !== 0
      }
      return { logLikelihood, greedy }
    }),
  dispose: async () => {},
}

/** The model of tools/oracles/lm_eval_tasks.py: probabilities and answers are hashes of what stands before. */
export const hashModel: LanguageModel = {
  ...fromTokens(tokens),
  generate: async (requests) =>
    requests.map(({ prompt, until, repeat }) => {
      const words = prompt.split(/\s+/).filter(Boolean)
      const state = mixed(folded(START ^ repeat, characters(prompt)))
      const word = words[(state >>> 8) % words.length]
      const last = words[words.length - 1]
      const text = [
        `The answer is ${word}.\n\nNext question`,
        `${word} #### ${state % 20}`,
        ` ${word.toUpperCase()} `,
        `(${'ABCD'[(state >>> 4) & 3]}) ${word}`,
        words.slice(-4).join(' '),
        last,
        `${last}, ${word}: ${state % 7}`,
        words.slice(1).join(' '),
      ][(state >>> 20) % 8]
      return cutAt(text, until)
    }),
}
