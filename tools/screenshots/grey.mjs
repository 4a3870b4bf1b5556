// The embedded model as it sees pictures without colour, for the board that compares it with itself.
import { AltCLIP } from '@flag/ai'
import sharp from 'sharp'

export default async () => {
  const model = await AltCLIP.fromPretrained('altclip-emoji-m12')
  const grey = (picture) =>
    sharp(picture, { density: 144 }).flatten({ background: 'white' }).greyscale().png().toBuffer()
  return {
    name: 'altclip-emoji-m12 on grey pictures',
    fingerprint: 'altclip-emoji-m12 grey 1',
    encodeText: (texts) => model.encodeText(texts),
    encodeImage: async (pictures) => model.encodeImage(await Promise.all(pictures.map(grey))),
    dispose: () => model.dispose(),
  }
}
