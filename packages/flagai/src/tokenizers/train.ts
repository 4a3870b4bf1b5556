import { encodeMessage, FlagError } from '@flag/core-tensor'
import { compileCharsmap, nmtNfkcRules } from './charsmap.ts'
import { Model, ModelType, type NormalizerSpec, type PieceProto, PieceType } from './modelProto.ts'
import { Normalizer } from './normalizer.ts'
import { type Corpus, countWords } from './training/corpus.ts'
import { Lattices } from './training/lattice.ts'
import { frequentSubstrings } from './training/seeds.ts'
import { fromUtf8, toUtf8 } from './utf8.ts'

export interface UnigramTrainingOptions {
  /** Number of pieces, `<unk>`, `<s>` and `</s>` among them. */
  vocabSize: number
  /** The share of the text whose characters become pieces; the rarest characters are unknown. Default 0.9995. */
  characterCoverage?: number
  /** Characters in the longest piece. Default 16. */
  maxPieceLength?: number
  /** The greatest number of substrings to start from. Default 300,000. */
  seedSize?: number
  /** The share of pieces that each round of pruning keeps. Default 0.75. */
  shrinkingFactor?: number
  /** Steps of expectation maximisation per round. Default 2. */
  subIterations?: number
  /** Called after each round with the pieces left and the negative log likelihood per character, in nats. */
  onRound?: (pieces: number, loss: number) => void
}

const MARKS: PieceProto[] = [
  { piece: '<unk>', score: 0, type: PieceType.unknown },
  { piece: '<s>', score: 0, type: PieceType.control },
  { piece: '</s>', score: 0, type: PieceType.control },
]
/** Pieces that are expected less often are dropped. */
const MIN_COUNT = 0.5
/** How many more pieces than wanted the last round of pruning leaves; the least probable are cut off at the end. */
const SLACK = 1.1

/**
 * Trains a unigram language model tokenizer (Kudo 2018, section 3.2) and returns it as a SentencePiece `.model` file
 * with pieces `<unk>` 0, `<s>` 1, `</s>` 2, which `SentencePiece.fromBytes` and the `sentencepiece` package open.
 *
 * Texts are normalised as by the rules `nmt_nfkc`. Pieces lie within words, scripts and numbers. The same texts in the
 * same order and options give the same bytes, on Node versions of the same Unicode version.
 *
 * Throws `invalid-argument` when the texts cannot fill `vocabSize` pieces or have more characters than that.
 */
export function trainUnigram(texts: Iterable<string>, options: UnigramTrainingOptions): Uint8Array {
  const { characterCoverage = 0.9995, maxPieceLength = 16, seedSize = 300_000 } = options
  const wanted = checked(options) - MARKS.length
  const spec: NormalizerSpec = {
    name: 'nmt_nfkc',
    precompiled_charsmap: compileCharsmap(nmtNfkcRules()),
    add_dummy_prefix: 1,
    remove_extra_whitespaces: 1,
    escape_whitespaces: 1,
  }
  const corpus = countWords(normalized(texts, spec), characterCoverage)
  if (corpus.stretches.length === 0) throw new FlagError('invalid-argument', 'no text to train on')
  if (corpus.alphabet.length > Math.min(wanted, 0xffff)) {
    throw new FlagError(
      'invalid-argument',
      `vocabSize ${options.vocabSize}: the texts have ${corpus.alphabet.length} characters, each of which is a piece`,
      { hint: 'ask for more pieces or a lower characterCoverage' },
    )
  }
  const seeds = frequentSubstrings(corpus, maxPieceLength, seedSize)
  const trainer = new Trainer(corpus, seeds.pieces, seeds.counts, maxPieceLength)
  const { subIterations = 2, shrinkingFactor = 0.75 } = options
  const target = Math.floor(wanted * SLACK)
  for (;;) {
    let loss = 0
    for (let i = 0; i < subIterations; i++) loss = trainer.improve()
    options.onRound?.(trainer.size, loss)
    if (trainer.size <= target) break
    trainer.prune(Math.max(target, Math.floor(trainer.size * shrinkingFactor)))
  }
  const pieces = trainer.mostProbable(wanted)
  if (pieces.length < wanted) {
    throw new FlagError(
      'invalid-argument',
      `vocabSize ${options.vocabSize}: the texts give ${pieces.length + MARKS.length} pieces`,
      { hint: 'ask for fewer pieces or give more texts' },
    )
  }
  return encodeMessage(Model, {
    pieces: [...MARKS, ...pieces],
    trainer_spec: {
      model_type: ModelType.unigram,
      vocab_size: options.vocabSize,
      character_coverage: characterCoverage,
      max_sentencepiece_length: maxPieceLength,
      unk_id: 0,
      bos_id: 1,
      eos_id: 2,
      pad_id: -1,
    },
    normalizer_spec: spec,
  })
}

function checked(options: UnigramTrainingOptions): number {
  const { vocabSize, characterCoverage = 1, maxPieceLength = 16, seedSize = 1, subIterations = 1 } = options
  const { shrinkingFactor = 0.75 } = options
  const whole = { vocabSize, maxPieceLength, seedSize, subIterations }
  for (const [name, value] of Object.entries(whole)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new FlagError('invalid-argument', `${name} must be a whole number from 1, got ${value}`)
    }
  }
  if (!(characterCoverage > 0 && characterCoverage <= 1)) {
    throw new FlagError('invalid-argument', `characterCoverage must be in (0, 1], got ${characterCoverage}`)
  }
  if (!(shrinkingFactor > 0 && shrinkingFactor < 1)) {
    throw new FlagError('invalid-argument', `shrinkingFactor must be in (0, 1), got ${shrinkingFactor}`)
  }
  return vocabSize
}

function* normalized(texts: Iterable<string>, spec: NormalizerSpec): Iterable<string> {
  const normalizer = new Normalizer(spec, () => 0)
  for (const text of texts) yield fromUtf8(normalizer.normalize(toUtf8(text)))
}

/** The state of the training: which pieces are left and how probable they are. */
class Trainer {
  readonly #corpus: Corpus
  readonly #pieces: readonly string[]
  readonly #alive: Uint8Array
  #probabilities: Float64Array
  /** Ways to cut the corpus, and to cut the pieces themselves. */
  readonly #texts: Lattices
  readonly #insides: Lattices
  /** See `Lattices.expectedCounts`. */
  #scale: number
  size: number

  constructor(corpus: Corpus, pieces: readonly string[], counts: Float64Array, maxLength: number) {
    this.#corpus = corpus
    this.#pieces = pieces
    this.size = pieces.length
    this.#alive = new Uint8Array(pieces.length).fill(1)
    const total = counts.reduce((sum, count) => sum + count, 0)
    this.#probabilities = counts.map((count) => count / total)
    this.#scale = corpus.alphabet.length
    const ids = new Map(pieces.map((piece, id) => [piece, id]))
    const lengths = Int32Array.from(pieces, (piece) => piece.length)
    this.#texts = new Lattices(corpus.stretches, ids, lengths, maxLength)
    this.#insides = new Lattices(pieces, ids, lengths, maxLength)
  }

  #isCharacter(id: number): boolean {
    return id < this.#corpus.alphabet.length
  }

  /** One step of expectation maximisation, with the sparse prior of variational Bayes. Returns the loss before it. */
  improve(): number {
    const expected = new Float64Array(this.#pieces.length)
    const loss = this.#texts.expectedCounts(this.#probabilities, this.#corpus.counts, this.#scale, expected)
    this.#scale = Math.exp(loss)
    let total = 0
    for (const [id, count] of expected.entries()) {
      if (!this.#alive[id]) continue
      // Characters stay, so that every text can be cut.
      if (this.#isCharacter(id)) expected[id] = Math.max(count, MIN_COUNT)
      else if (count < MIN_COUNT) this.#remove(id)
      if (this.#alive[id]) total += expected[id]
    }
    const logTotal = digamma(total)
    this.#probabilities = expected.map((count, id) =>
      this.#alive[id] ? Math.exp(digamma(count) - logTotal) : 0,
    )
    this.#texts.keep(this.#alive)
    this.#insides.keep(this.#alive)
    return loss
  }

  /**
   * Keeps the `target` pieces that the likelihood would lose most without, were each replaced by the best way to cut
   * it. Pieces that are better cut anyway go first.
   */
  prune(target: number): void {
    const scores = this.#probabilities.map(Math.log)
    const counts = new Float64Array(this.#pieces.length)
    for (const [s, weight] of this.#corpus.counts.entries()) {
      for (const id of this.#texts.best(s, scores)) counts[id] += weight
    }
    const total = counts.reduce((sum, count) => sum + count, 0)
    const losses: { id: number; loss: number }[] = []
    for (const id of this.#pieces.keys()) {
      if (!this.#alive[id] || this.#isCharacter(id)) continue
      const parts = this.#insides.best(id, scores, id)
      const count = counts[id]
      const isBetterCut = parts.reduce((sum, part) => sum + scores[part], 0) >= scores[id]
      if (count === 0 || isBetterCut) {
        losses.push({ id, loss: Number.NEGATIVE_INFINITY })
        continue
      }
      // What the parts would be worth with this piece's occurrences added to theirs.
      const totalAfter = Math.log(total + count * (parts.length - 1))
      const after = parts.reduce((sum, part) => sum + Math.log(counts[part] + count) - totalAfter, 0)
      losses.push({ id, loss: Math.fround(count * (Math.log(count / total) - after)) })
    }
    losses.sort((a, b) => (a.loss === b.loss ? a.id - b.id : b.loss - a.loss))
    for (const { id } of losses.slice(target - this.#corpus.alphabet.length)) this.#remove(id)
    this.#texts.keep(this.#alive)
    this.#insides.keep(this.#alive)
  }

  #remove(id: number): void {
    this.#alive[id] = 0
    this.#probabilities[id] = 0
    this.size--
  }

  /**
   * All characters and the most probable other pieces, `count` in all, the most probable first. Compared in float32: the
   * last bits of Math.log and Math.exp differ between versions of Node and must not decide.
   */
  mostProbable(count: number): PieceProto[] {
    const rounded = Float32Array.from(this.#probabilities)
    const byProbability = (a: number, b: number) => rounded[b] - rounded[a] || a - b
    const ids = [...this.#pieces.keys()].filter((id) => this.#alive[id])
    const characters = ids.filter((id) => this.#isCharacter(id))
    const others = ids.filter((id) => !this.#isCharacter(id)).sort(byProbability)
    const { alphabet } = this.#corpus
    return [...characters, ...others.slice(0, count - characters.length)].sort(byProbability).map((id) => ({
      piece: Array.from(this.#pieces[id], (symbol) => alphabet[symbol.charCodeAt(0)]).join(''),
      score: Math.log(this.#probabilities[id]),
      type: PieceType.normal,
    }))
  }
}

/** The derivative of log Γ for x > 0: recurrence up to 7, then the asymptotic series. */
function digamma(x: number): number {
  let result = 0
  let at = x
  for (; at < 7; at++) result -= 1 / at
  const inverse = 1 / (at - 0.5)
  const square = inverse * inverse
  return (
    result +
    Math.log(at - 0.5) +
    square * (1 / 24 + square * (-7 / 960 + square * (31 / 8064 + square * (-127 / 30720))))
  )
}
