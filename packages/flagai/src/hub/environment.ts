import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { FlagError } from '@flag/core-tensor'

/** The variables that huggingface_hub reads, too. */
export type Environment = Readonly<Record<string, string | undefined>>

export interface HubSettings {
  /** Address of the hub, without a slash at its end. */
  readonly endpoint: string
  /** Folder of the cache. */
  readonly cache: string
  readonly offline: boolean
  /** How long the hub may take to start an answer, in ms. */
  readonly answerTimeout: number
  /** How long a download may stand still before it is taken up again, in ms. */
  readonly stallTimeout: number
  /**
   * Value of the header `Authorization`, if there is a token. A function, so that the token is in no object that
   * could be printed.
   */
  authorization(): string | undefined
  /** A text without the token, wherever it came from. */
  redact(text: string): string
}

const ENDPOINT = 'https://huggingface.co'
const TIMEOUT_SECONDS = 10
const isTrue = (value: string | undefined) => /^(1|on|yes|true)$/i.test(value ?? '')

/** The settings of an environment, as huggingface_hub understands it. Throws `invalid-argument`. */
export function hubSettings(env: Environment = process.env): HubSettings {
  const token = tokenOf(env)
  return {
    endpoint: endpointOf(env.HF_ENDPOINT || ENDPOINT),
    cache: env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(homeOf(env), 'hub'),
    offline: isTrue(env.HF_HUB_OFFLINE || env.TRANSFORMERS_OFFLINE),
    answerTimeout: seconds(env.HF_HUB_ETAG_TIMEOUT),
    stallTimeout: seconds(env.HF_HUB_DOWNLOAD_TIMEOUT),
    authorization: () => token && `Bearer ${token}`,
    redact: (text) => (token ? text.replaceAll(token, '***') : text),
  }
}

function homeOf(env: Environment): string {
  return env.HF_HOME || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface')
}

function seconds(value: string | undefined): number {
  const number = Number(value)
  return 1000 * (value && number > 0 ? number : TIMEOUT_SECONDS)
}

function tokenOf(env: Environment): string | undefined {
  let token = env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN
  if (!token) {
    try {
      token = readFileSync(env.HF_TOKEN_PATH || join(homeOf(env), 'token'), 'utf8')
    } catch {
      // Most people have none, and what is public needs none.
    }
  }
  const clean = token?.replace(/\s/g, '') || undefined
  if (clean !== undefined && !/^[\x21-\x7e]+$/.test(clean)) {
    throw new FlagError('invalid-argument', 'the Hugging Face token holds characters that no token has', {
      hint: 'copy it again from https://huggingface.co/settings/tokens into HF_TOKEN',
    })
  }
  return clean
}

function endpointOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
    // The value is not repeated: it may hold a password.
    throw new FlagError('invalid-argument', 'HF_ENDPOINT is not the address of a hub', {
      hint: 'expected https://host or http://host:port, without user name, password or query',
    })
  }
  return url.href.replace(/\/+$/, '')
}
