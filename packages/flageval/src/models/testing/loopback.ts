import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server on this machine that answers each JSON body; what `answer` throws with a status is that status. */
export async function loopback(answer: (body: never, request: IncomingMessage) => unknown) {
  const state = { running: 0, most: 0, asked: 0 }
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', async () => {
      state.asked++
      state.running++
      state.most = Math.max(state.most, state.running)
      // The others that are under way arrive in between.
      await new Promise((resolve) => setImmediate(resolve))
      try {
        const body = parts.length > 0 ? JSON.parse(Buffer.concat(parts).toString('utf8')) : undefined
        const value = await answer(body as never, request)
        if (value === undefined) return
        response.setHeader('content-type', 'application/json').end(JSON.stringify(value))
      } catch (error) {
        const { status = 500, message, headers = {} } = error as Error & { status?: number; headers?: object }
        for (const [name, text] of Object.entries(headers)) response.setHeader(name, text)
        response.writeHead(status).end(message)
      } finally {
        state.running--
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    state,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export const refuse = (status: number, message: string, headers = {}) =>
  Object.assign(new Error(message), { status, headers })
