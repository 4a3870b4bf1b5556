// Keeps a core busy until it is stopped, or until whoever started it is gone.
process.once('disconnect', () => process.exit())
const work = () => {
  const end = process.hrtime.bigint() + 20_000_000n
  let x = 0
  while (process.hrtime.bigint() < end) for (let i = 0; i < 10_000; i++) x += Math.sqrt(i)
  setImmediate(work, x)
}
work()
