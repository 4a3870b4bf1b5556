import { FlagError } from '@flag/core-tensor'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { LanguageModel } from '../models/languageModel.ts'
import { answerServing, BadServingRequest } from '../models/serving.ts'
import { type ListenOptions, listenTo, type RunningServer } from './listen.ts'

const BODY_BYTES = 16 * 1024 ** 2

/**
 * A model behind flageval-serving's endpoint, `POST /func`, for FlagEval and for `servingModel`. A bad request is answered
 * with 400, a failure of the model with 500, both with what went wrong. Throws `unsupported` for a model that does not
 * generate.
 */
export async function answering(model: LanguageModel, options: ListenOptions = {}): Promise<RunningServer> {
  if (!model.generate) throw new FlagError('unsupported', `${model.name} does not generate`)
  const app = new Hono()
  const limit = bodyLimit({
    maxSize: BODY_BYTES,
    onError: (context) => context.json(refusal(`a request may have ${BODY_BYTES} bytes`), 413),
  })
  app.onError(({ message }, context) => context.json(refusal(message), 500))
  app.notFound((context) => context.json(refusal(`no route ${context.req.path}, expected POST /func`), 404))
  app.post('/func', limit, async (context) => {
    const body = await context.req.json().catch(() => undefined)
    if (body === undefined) return context.json(refusal('the body is not JSON'), 400)
    try {
      return context.json(await answerServing(model, body))
    } catch (error) {
      // Only what the request itself gets wrong is the asker's fault.
      if (!(error instanceof BadServingRequest)) throw error
      return context.json(refusal(error.message), 400)
    }
  })
  const { url, close } = await listenTo(app, options)
  return { url: `${url}/func`, close }
}

const refusal = (message: string) => ({ error: { message } })
