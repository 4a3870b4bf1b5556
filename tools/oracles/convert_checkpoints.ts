// Converts every golden checkpoint for tools/oracles/convert.py: node --import tsx tools/oracles/convert_checkpoints.ts FOLDER
import { conversions, convertGolden } from '../../packages/core-tensor/src/checkpoint/testing/conversions.ts'

const done: Record<string, unknown> = {}
for (const conversion of conversions) {
  done[conversion.name] = { ...conversion, sha256: await convertGolden(conversion, process.argv[2]) }
}
process.stdout.write(JSON.stringify(done))
