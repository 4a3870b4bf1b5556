import { run } from '../program.ts'

/** Runs the command line and gives what it wrote. */
export async function captured(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = ''
  let err = ''
  const code = await run(args, {
    out(text) {
      out += text
    },
    err(text) {
      err += text
    },
    isInteractive: false,
  })
  return { code, out, err }
}
