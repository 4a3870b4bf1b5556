import { resolve } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import { adaptiveBytes } from './adaptiveBytes.ts'
import { type CommandOptions, commandModel } from './command.ts'
import type { HttpOptions } from './http.ts'
import { isLanguageModel, type LanguageModel } from './languageModel.ts'
import { openModule, schemeOf } from './model.ts'
import { openAIModel } from './openai.ts'
import { servingModel } from './serving.ts'

export interface LanguageModelOptions
  extends Pick<HttpOptions, 'concurrency' | 'retries' | 'timeoutMs'>,
    CommandOptions {
  /** What stands before a text without context, for endpoints that tell no probability of a first token. */
  prefix?: string
}

const hint =
  'give openai:http://host/v1#model, openai-chat:http://host/v1#model, serving:http://host/func, command:"node model.mjs", a .mjs file, or adaptive-bytes, the baseline'

/**
 * Opens a language model: `openai:<url>#<model>` (completions with logprobs), `openai-chat:<url>#<model>` (generates
 * only), `serving:<url>#<engine>` (flageval-serving), `command:<command line>` (JSON lines), `adaptive-bytes` (the
 * baseline that knows no language), or a JavaScript module whose default export is a function that returns a
 * `LanguageModel`. Throws `not-found`, `invalid-argument`.
 */
export async function openLanguageModel(
  model: string,
  options: LanguageModelOptions = {},
): Promise<LanguageModel> {
  if (/\.[cm]?[jt]s$/.test(model) && schemeOf(model)[0] === '') {
    const opened = await openModule(resolve(model))
    const { name, fingerprint, dispose } = opened as Partial<LanguageModel>
    if (isLanguageModel(opened) && name && fingerprint && dispose) return opened
    throw new FlagError('invalid-argument', `${model} does not return a LanguageModel`, {
      hint: 'return name, fingerprint, dispose, and scoreContinuations, scoreTexts or generate',
    })
  }
  if (model === adaptiveBytes.name) return adaptiveBytes
  const [scheme, place] = schemeOf(model)
  const [url, name = ''] = place.split('#')
  if (scheme === 'openai' || scheme === 'openai-chat') {
    if (name === '')
      throw new FlagError('invalid-argument', `${model}: which model? expected ${scheme}:<url>#<model>`)
    return openAIModel({ ...options, url, model: name, kind: scheme === 'openai' ? 'completions' : 'chat' })
  }
  if (scheme === 'serving') return servingModel(url, name, options)
  if (scheme === 'command') {
    const opened = await commandModel(place, options)
    if (isLanguageModel(opened)) return opened
    await (opened as LanguageModel).dispose()
    throw new FlagError('invalid-argument', `command ${place} neither scores nor generates text`)
  }
  throw new FlagError('not-found', `no language model "${model}"`, { hint })
}
