// Updates the index of a folder and kills its own process, without any warning, in the middle of the batch whose
// number is given. Arguments: folder, batch.
import type { ImageInput } from '../../preprocess/index.ts'
import { PictureIndex } from '../pictureIndex.ts'
import { ColourModel } from './colourModel.ts'

const [folder, batch] = process.argv.slice(2)

class DyingModel extends ColourModel {
  #batches = 0

  override encodeImageStream<I extends ImageInput>(images: Iterable<I> | AsyncIterable<I>) {
    if (++this.#batches === Number(batch)) process.kill(process.pid, 'SIGKILL')
    return super.encodeImageStream(images)
  }
}

await PictureIndex.update(folder, new DyingModel(), { modelName: 'colours', batchSize: 4, keepEvery: 8 })
