/**
 * What runs a program inside its process. It reads a secret from its input, runs the program to its end and only then
 * writes the secret: a program that leaves early, with whatever exit code, has not passed.
 */
export const runners = {
  javascript: `
import { readFileSync } from 'node:fs'
import dgram from 'node:dgram'
import dns from 'node:dns'
import net from 'node:net'
const secret = readFileSync(0, 'utf8')
const write = process.stdout.write.bind(process.stdout)
const refuse = () => { throw new Error('no network in the sandbox') }
net.Socket.prototype.connect = refuse
net.Server.prototype.listen = refuse
dgram.createSocket = refuse
dgram.Socket.prototype.bind = refuse
for (const name of ['lookup', 'resolve', 'resolve4', 'resolve6', 'resolveAny']) dns[name] = dns.promises[name] = refuse
globalThis.fetch = refuse
delete globalThis.WebSocket
await import('./program.mjs')
write(secret)
`,
  python: `
import sys
secret = sys.stdin.read()
write = sys.stdout.write
import socket
def refuse(*args, **kwargs):
    raise OSError("no network in the sandbox")
socket.socket.connect = socket.socket.bind = socket.create_connection = socket.getaddrinfo = refuse
source = open("program.py", encoding="utf-8").read()
exec(compile(source, "program.py", "exec"), {"__name__": "__main__"})
write(secret)
`,
} as const

export type ProgramLanguage = keyof typeof runners
