// Builds the one page, `view/` and all that it needs, into one HTML file without data:
//   node page.mjs dist/page.html    into a file
//   node page.mjs                   to stdout, as the sources use it
// The same inputs give the same bytes. A page that was built from them before is kept in node_modules/.cache.
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const view = join(here, 'view')
const cache = join(here, '../../node_modules/.cache/flag-report', `${await hashOfInputs()}.html`)

const html = await readFile(cache, 'utf8').catch(async (error) => {
  if (error.code !== 'ENOENT') throw error
  const made = await buildPage()
  await write(cache, made)
  return made
})
const [, , target] = process.argv
if (target) await write(target, html)
else process.stdout.write(html)

async function hashOfInputs() {
  const names = (await readdir(view, { recursive: true })).filter((name) => /\.(tsx?|css|html)$/.test(name))
  const hash = createHash('sha256')
  const files = names.sort().map((name) => join(view, name))
  for (const file of [...files, join(here, 'page.mjs'), join(here, '../../package-lock.json')])
    hash
      .update(file.slice(here.length))
      .update('\0')
      .update(await readFile(file))
      .update('\0')
  return hash.digest('hex').slice(0, 16)
}

async function buildPage() {
  const { build } = await import('vite')
  const { output } = await build({
    configFile: false,
    root: view,
    logLevel: 'error',
    mode: 'production',
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      write: false,
      target: 'es2022',
      minify: true,
      rolldownOptions: { input: join(view, 'main.tsx'), output: { format: 'iife' } },
    },
  })
  const chunk = output.find(({ type }) => type === 'chunk')
  const script = chunk.code.trim()
  const [template, style] = await Promise.all(
    ['page.html', 'style.css'].map((name) => readFile(join(view, name), 'utf8')),
  )
  // The parser ends a script at `</script` and is confused by `<!--`, wherever they stand.
  const safe = script.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--')
  if (/[\0\r]/.test(safe)) throw new Error('The script holds characters that the HTML parser replaces.')
  const sha256 = createHash('sha256').update(safe).digest('base64')
  return [
    ["script-src 'self'", `script-src 'sha256-${sha256}'`],
    ['<link rel="stylesheet" href="style.css">', `<style>${style.trim()}</style>`],
    ['<script src="main.tsx"></script>', `<script>${safe}</script>`],
    ['</html>', `</html>\n<!--\n${await licences(chunk.moduleIds)}\n-->`],
  ].reduce(replaced, template)
}

/** The licences of what others wrote, which go wherever the page goes: every text once, after the names it is for. */
async function licences(modules) {
  const folders = modules.flatMap(
    (id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id.replaceAll('\\', '/')) ?? [],
  )
  const namesOf = new Map()
  for (const folder of [...new Set(folders)].sort()) {
    const { name, version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
    const file = (await readdir(folder)).find((it) => /^licen[cs]e/i.test(it))
    if (file === undefined)
      throw new Error(`${name} has no licence file: see whether the page may contain it`)
    const text = (await readFile(join(folder, file), 'utf8')).trim().replaceAll('--', '- -')
    namesOf.set(text, [...(namesOf.get(text) ?? []), `${name} ${version}`])
  }
  return ['This page contains:', ...[...namesOf].map(([text, names]) => `${names.join(', ')}\n${text}`)].join(
    '\n\n',
  )
}

function replaced(html, [place, by]) {
  if (!html.includes(place)) throw new Error(`view/page.html has no ${place}`)
  return html.replace(place, () => by)
}

/** Under a temporary name at first: two builds at once do no harm. */
async function write(path, text) {
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.${randomUUID()}.tmp`
  await writeFile(temporary, text)
  await rename(temporary, path)
}
