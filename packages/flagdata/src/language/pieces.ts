import { DataError } from '../errors.ts'

/** What is used here of the tokenizer of `@flag/ai`, on which this package does not depend. */
interface PieceTokenizer {
  encode(text: string): ArrayLike<number>
  pieceOf(id: number): string
}

interface PieceModule {
  SentencePiece: { fromFile(path: string): Promise<PieceTokenizer> }
}

// The name as a variable: compilers and bundlers must not look for a package that need not be there.
const PACKAGE: string = '@flag/ai'

/**
 * A function that cuts a line into the pieces of a SentencePiece model, separated by spaces.
 *
 * @throws DataError `not-found` without the package `@flag/ai`, and what that throws for the file
 */
export async function openPieces(path: string): Promise<(line: string) => string> {
  const { SentencePiece }: PieceModule = await import(/* @vite-ignore */ PACKAGE).catch((cause) => {
    throw new DataError('not-found', `${path}: nothing here reads SentencePiece models`, {
      hint: `npm install ${PACKAGE}`,
      cause,
    })
  })
  const model = await SentencePiece.fromFile(path)
  return (line) => Array.from(model.encode(line), (id) => model.pieceOf(id)).join(' ')
}
