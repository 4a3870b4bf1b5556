import { run } from '../program.ts'

/** Runs the command line in this process, without a terminal: its exit code, and what it wrote. */
export async function flagdata(...args: string[]) {
  let [out, err] = ['', '']
  const code = await run(args, {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    isInteractive: false,
  })
  return { code, out, err }
}
