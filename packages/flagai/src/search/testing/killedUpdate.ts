// Updates the index of a folder and kills its own process, without any warning, in the middle of the batch whose
// number is given. Arguments: folder, batch.
import { PictureIndex } from '../pictureIndex.ts'
import { ColourModel } from './colourModel.ts'

const [folder, batch] = process.argv.slice(2)

class DyingModel extends ColourModel {
  #batches = 0

  override encodeImage(...args: Parameters<ColourModel['encodeImage']>) {
    if (++this.#batches === Number(batch)) process.kill(process.pid, 'SIGKILL')
    return super.encodeImage(...args)
  }
}

await PictureIndex.update(folder, new DyingModel(), { modelName: 'colours', batchSize: 4, keepEvery: 8 })
