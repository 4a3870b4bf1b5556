import { AltCLIP, type ZeroShotScore } from '@flag/ai'
import type { Tensor } from '@flag/core-tensor'

// Opens the model that lies in the package, beside the bundle.
const model = await AltCLIP.fromPretrained('altclip-emoji-m12', { threads: 1 })

const texts: Tensor<'float32'> = await model.encodeText(['red circle', '红色圆圈', 'красный круг'])
const width = model.config.embedWidth
if (`${texts.shape}` !== `3,${width}`) throw new Error(`three texts gave [${texts.shape}]`)

const picture = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle cx="4.5" cy="4.5" r="4" fill="red"/></svg>`
const scores: ZeroShotScore[] = await model.zeroShot(new TextEncoder().encode(picture), [
  'red circle',
  'cat',
  'airplane',
])
if (scores[0].label !== 'red circle') throw new Error(`a red circle is taken for: ${scores[0].label}`)
await model.dispose()
console.log('@flag/ai sees a red circle')
