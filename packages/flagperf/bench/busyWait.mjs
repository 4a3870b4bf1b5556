// A system that does nothing for so many milliseconds. With `stall`, one sample takes longer.
export default ({ milliseconds, stall }) => {
  let answered = 0
  return () => {
    const takes = stall && answered++ === stall.sample ? stall.milliseconds : milliseconds
    const end = process.hrtime.bigint() + BigInt(Math.round(takes * 1e6))
    while (process.hrtime.bigint() < end);
  }
}
