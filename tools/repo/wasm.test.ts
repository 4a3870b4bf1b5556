import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { compileKernel, kernelSources } from './wasm.ts'

it.each(await kernelSources())('the bytes beside %s are those of its source', async (source) => {
  const { path, text } = await compileKernel(source)
  expect(await readFile(path, 'utf8')).toBe(text)
})
