import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FlagError } from '@flag/core-tensor'

/** A part of a model of `@flag/ai` on the command line: class, id or folder, and part, `AltCLIP:altclip-emoji-m12#text`. */
const form = /^([A-Z]\w*):(.+)#(\w+)$/

export const isAiModel = (name: string): boolean => form.test(name)

interface Opened {
  readonly towers: Readonly<Record<string, unknown>>
  dispose(): Promise<void>
}

/**
 * Writes a part of a model of `@flag/ai`, an optional peer of this package, as an .onnx file that is there until the process
 * ends. Returns its path.
 *
 * @throws FlagError `not-found` without `@flag/ai`, `invalid-argument` for a class or part that it does not have
 */
export async function exportAiModel(name: string): Promise<string> {
  const [, className, id, part] = name.match(form) as RegExpMatchArray
  const ai = await import('@flag/ai').catch((cause) => {
    throw new FlagError('not-found', `${name}: models of @flag/ai need that package`, {
      hint: 'npm install @flag/ai',
      cause,
    })
  })
  const classes = ai as unknown as Record<
    string,
    { fromPretrained?(id: string): Promise<Opened> } | undefined
  >
  const open = classes[className]?.fromPretrained
  if (open === undefined)
    throw new FlagError('invalid-argument', `${name}: @flag/ai has no model ${className}`, {
      hint: 'AltCLIP, CLIP and EVACLIP have parts that can be measured: text, vision',
    })
  const model = await open.call(classes[className], id)
  try {
    const tower = model.towers?.[part]
    if (tower === undefined)
      throw new FlagError('invalid-argument', `${name}: no part "${part}"`, {
        hint: `it has ${Object.keys(model.towers ?? {}).join(', ') || 'none that can be measured'}`,
      })
    const folder = await mkdtemp(join(tmpdir(), 'flagperf-'))
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    const [file] = await ai.exportOnnx({ towers: { [part]: tower } } as never, folder)
    return file
  } finally {
    await model.dispose()
  }
}
