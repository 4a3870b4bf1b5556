import { FlagError } from '@flag/core-tensor'

/** What an id of the hub looks like: `name` or `owner/name`, as huggingface_hub checks it. */
const PART = /^(?![-.])[\w.-]{1,96}(?<![-.])$/
const COMMIT = /^[0-9a-f]{40}$/

export const isCommit = (revision: string): boolean => COMMIT.test(revision)

/** True for texts that can be ids on the hub. Every such text can be a relative path, too. */
export function isModelId(text: string): boolean {
  const parts = text.split('/')
  return parts.length <= 2 && parts.every((part) => PART.test(part)) && !/--|\.\.|\.git$/.test(text)
}

/** Throws `invalid-argument` for what cannot be an id. */
export function checkModelId(id: string): void {
  if (isModelId(id)) return
  throw new FlagError('invalid-argument', `"${id}" is not the name of a model on the hub`, {
    hint: 'expected owner/name, of letters, digits, "-", "_" and "."',
  })
}

/** Throws `invalid-argument` for a revision that names a place outside of the folder of revisions. */
export function checkRevision(revision: string): void {
  if (isInside(revision)) return
  throw new FlagError('invalid-argument', `"${revision}" is not a revision`, {
    hint: 'a branch, tag or full commit',
  })
}

/**
 * Throws `unsupported` for names that lead out of a model's folder on any system. The hub is not asked whether it
 * means well: whoever uploads a model chooses the names of its files.
 */
export function checkFileName(id: string, file: string): void {
  if (isInside(file)) return
  throw new FlagError(
    'unsupported',
    `${id}: the file ${JSON.stringify(file)} would lie outside of its folder`,
    {
      hint: 'the repository was made to attack programs that download it: do not use it',
    },
  )
}

const isInside = (name: string): boolean =>
  name !== '' &&
  !/[\0\\]/.test(name) &&
  name.split('/').every((part) => !['', '.', '..'].includes(part) && !/^[A-Za-z]:/.test(part))
