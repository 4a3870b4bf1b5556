// A system that does nothing for so many milliseconds. With `stall`, one sample takes longer. How long each really took, in
// nanoseconds, is noted in `took`: the operating system may interrupt a thread that waits.
export default ({ milliseconds, stall, took }) => {
  const noted = new Float64Array(took)
  let answered = 0
  return () => {
    const sample = answered++
    const takes = stall && sample === stall.sample ? stall.milliseconds : milliseconds
    noted[sample] = wait(takes * 1e6)
  }
}

/** Waits for so many nanoseconds and tells how many they were. Makes no garbage, whose collection would take its time. */
function wait(least) {
  const [seconds, nanoseconds] = process.hrtime()
  for (;;) {
    const [s, ns] = process.hrtime()
    const waited = (s - seconds) * 1e9 + (ns - nanoseconds)
    if (waited >= least) return waited
  }
}
