// Serves the model of the hub tests on loopback, prints the address, and ends with its standard input.
import { startHub } from '../../packages/flagai/src/hub/testing/hubServer.ts'
import { tiny } from '../../packages/flagai/src/hub/testing/tinyModel.ts'

const hub = await startHub([tiny])
process.stdout.write(`${hub.url}\n`)
process.stdin.on('end', () => void hub.close()).resume()
