import { FlagError } from '@flag/core-tensor'
import { SentencePiece } from './sentencePiece.ts'
import { checkedMaxLength, type EncodeTextOptions, type Tokenizer } from './tokenizer.ts'

const BOS = 0
const PAD = 1
const EOS = 2
const UNKNOWN = 3
/** fairseq has four ids before the pieces where SentencePiece has three: unknown, begin, end. */
const OFFSET = 1

/**
 * The tokenizer of XLM-R (Conneau et al. 2020) and of the text towers of AltCLIP and AltDiffusion: a SentencePiece
 * model whose ids are moved to fairseq's: `<s>` 0, `<pad>` 1, `</s>` 2, `<unk>` 3, every other piece its id + 1, and
 * `<mask>` last. A text is `<s> … </s>`.
 *
 * Texts are plain: `<mask>` written in a text is five characters, not the mask.
 */
export class XlmRobertaTokenizer implements Tokenizer {
  readonly pieces: SentencePiece
  readonly padId: number = PAD

  /** Throws `unsupported` for a model whose first piece is not the unknown one, as XLM-R's rules need it. */
  constructor(pieces: SentencePiece) {
    if (pieces.unknownId !== 0 || pieces.size < 3) {
      throw new FlagError(
        'unsupported',
        `the unknown piece has id ${pieces.unknownId} of ${pieces.size}; XLM-R models begin with <unk>, <s>, </s>`,
      )
    }
    this.pieces = pieces
  }

  /** Opens a `sentencepiece.bpe.model`. Throws a FlagError that names the file. */
  static async fromFile(path: string): Promise<XlmRobertaTokenizer> {
    return new XlmRobertaTokenizer(await SentencePiece.fromFile(path))
  }

  get vocabSize(): number {
    return this.pieces.size + OFFSET + 1
  }

  get maskId(): number {
    return this.vocabSize - 1
  }

  encode(text: string, options: EncodeTextOptions = {}): number[] {
    const { specialTokens = true } = options
    const added = specialTokens ? 2 : 0
    const maxLength = checkedMaxLength(options.maxLength, added)
    const ids = this.pieces.encode(text).map((id) => (id === 0 ? UNKNOWN : id + OFFSET))
    const kept = ids.length > maxLength - added ? ids.slice(0, maxLength - added) : ids
    return specialTokens ? [BOS, ...kept, EOS] : kept
  }

  /** The text of ids; marks are left out, and so is the mask. Throws `invalid-argument` for ids of no piece. */
  decode(ids: readonly number[]): string {
    const marks: readonly number[] = [BOS, PAD, EOS, this.maskId]
    const pieces = ids.filter((id) => !marks.includes(id))
    return this.pieces.decode(pieces.map((id) => (id === UNKNOWN ? 0 : id - OFFSET)))
  }
}
