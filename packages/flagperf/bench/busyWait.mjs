// A system that does nothing for so many milliseconds. With `stall`, one sample takes longer. How long each really took, in
// nanoseconds, is noted in `took`: the operating system may interrupt a thread that waits.
export default ({ milliseconds, stall, took }) => {
  const noted = new Float64Array(took)
  let answered = 0
  return () => {
    const sample = answered++
    const takes = stall && sample === stall.sample ? stall.milliseconds : milliseconds
    const start = process.hrtime.bigint()
    const end = start + BigInt(Math.round(takes * 1e6))
    let now = start
    while (now < end) now = process.hrtime.bigint()
    noted[sample] = Number(now - start)
  }
}
