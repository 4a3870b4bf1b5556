import type { AddressInfo } from 'node:net'
import { type ServerType, serve } from '@hono/node-server'
import type { Hono } from 'hono'

export interface ListenOptions {
  /** 0 chooses a free one. */
  port?: number
  /** Default: this machine only. */
  host?: string
}

export interface RunningServer {
  readonly url: string
  close(): Promise<void>
}

/** Starts an app. The address is known when it resolves; a port that is taken rejects. */
export async function listenTo(
  app: Hono,
  { port = 0, host = '127.0.0.1' }: ListenOptions,
): Promise<RunningServer> {
  const server = await new Promise<ServerType>((resolve, reject) => {
    const started = serve({ fetch: app.fetch, port, hostname: host }, () => resolve(started))
    started.on('error', reject)
  })
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        if ('closeAllConnections' in server) server.closeAllConnections()
      }),
  }
}
