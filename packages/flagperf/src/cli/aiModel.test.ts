import { stat } from 'node:fs/promises'
import { loadOnnx } from '@flag/core-tensor'
import { expect, it } from 'vitest'
import { exportAiModel, isAiModel } from './aiModel.ts'

it('knows a part of a model from a file', () => {
  const names = [
    'AltCLIP:altclip-emoji-m12#text',
    'CLIP:folder/of a model#vision',
    'net.onnx',
    'C:\\net.onnx',
  ]
  expect(names.map(isAiModel)).toEqual([true, true, false, false])
})

it('writes the embedded model’s parts as files that can be measured', async () => {
  const file = await exportAiModel('AltCLIP:altclip-emoji-m12#text')
  expect((await stat(file)).size).toBeGreaterThan(1e6)
  const { graph, outputs } = await loadOnnx(file)
  expect([graph.inputs.length, outputs.map(({ name }) => name)]).toEqual([1, ['text_embeds']])
})

it('says what there is instead', async () => {
  await expect(exportAiModel('AltCLIP:altclip-emoji-m12#audio')).rejects.toThrow(
    'AltCLIP:altclip-emoji-m12#audio: no part "audio"',
  )
  await expect(exportAiModel('Painter:x#vision')).rejects.toThrow('@flag/ai has no model Painter')
})
