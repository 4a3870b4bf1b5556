// Our side of bench:altclip, with the built package: opens a model, embeds one picture and one text, then answers
// requests, one JSON line each: { what: 'text' | 'image', inputs, batch } → { seconds, delayP99 (ms, of the event loop) }.
// Arguments: class, folder, threads, first text, first picture, dtype.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createInterface } from 'node:readline'

const [className, folder, threads, text, picture, dtype] = process.argv.slice(2)
const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)

const { [className]: Model } = await import('@flag/ai')
const model = await Model.fromPretrained(folder, { threads: Number(threads), dtype })
const [images, texts] = await Promise.all([model.encodeImage(picture), model.encodeText(text)])
answer({ first: true, text: [...texts.data.slice(0, 8)], image: [...images.data.slice(0, 8)] })

for await (const line of createInterface({ input: process.stdin })) {
  const { what, inputs, batch } = JSON.parse(line)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const start = process.hrtime.bigint()
  for (let at = 0; at < inputs.length; at += batch) {
    const some = inputs.slice(at, at + batch)
    await (what === 'text' ? model.encodeText(some) : model.encodeImage(some))
  }
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  delay.disable()
  answer({ seconds, delayP99: delay.percentile(99) / 1e6 })
}
await model.dispose()
