// transformers.js's side of bench:altclip for CLIP, from the ONNX files that we exported; see ../embedding/flag.mjs for
// the protocol. Arguments: folder, threads, first text, first picture.
import { createInterface } from 'node:readline'
import {
  AutoProcessor,
  AutoTokenizer,
  CLIPTextModelWithProjection,
  CLIPVisionModelWithProjection,
  env,
  RawImage,
} from '@huggingface/transformers'

const [folder, threads, text, picture] = process.argv.slice(2)
const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)
env.allowRemoteModels = false
env.allowLocalModels = true
env.localModelPath = '/'

const options = { dtype: 'fp32', device: 'cpu', session_options: { intraOpNumThreads: Number(threads) } }
const [tokenizer, processor, textModel, visionModel] = await Promise.all([
  AutoTokenizer.from_pretrained(folder),
  AutoProcessor.from_pretrained(folder),
  CLIPTextModelWithProjection.from_pretrained(folder, options),
  CLIPVisionModelWithProjection.from_pretrained(folder, options),
])

async function encodeText(texts) {
  const { text_embeds } = await textModel(tokenizer(texts, { padding: true, truncation: true }))
  return text_embeds.normalize(2, -1)
}

async function encodeImage(paths) {
  const images = await Promise.all(paths.map((path) => RawImage.read(path)))
  const { image_embeds } = await visionModel(await processor(images))
  return image_embeds.normalize(2, -1)
}

const [images, texts] = [await encodeImage([picture]), await encodeText([text])]
answer({ first: true, text: [...texts.data.slice(0, 8)], image: [...images.data.slice(0, 8)] })

for await (const line of createInterface({ input: process.stdin })) {
  const { what, inputs, batch } = JSON.parse(line)
  const start = process.hrtime.bigint()
  for (let at = 0; at < inputs.length; at += batch) {
    const some = inputs.slice(at, at + batch)
    await (what === 'text' ? encodeText(some) : encodeImage(some))
  }
  answer({ seconds: Number(process.hrtime.bigint() - start) / 1e9 })
}
