import { existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitepress'

const docs = fileURLToPath(new URL('..', import.meta.url))

const pages = (folder: string, titles: Record<string, string>) =>
  Object.entries(titles).map(([name, text]) => ({ text, link: `/${folder}/${name}` }))

/** The pages that typedoc generated: one per package, and an overview. */
function apiPages() {
  const folder = join(docs, 'api')
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => file.replaceAll('\\', '/').replace(/(index)?\.md$/, ''))
    .sort()
    .map((page) => ({ text: page.replace(/\/$/, '') || 'Overview', link: `/api/${page}` }))
}

export default defineConfig({
  title: 'Flag',
  description: 'The FlagOpen stack as TypeScript libraries',
  lang: 'en',
  cleanUrls: true,
  lastUpdated: false,
  themeConfig: {
    search: { provider: 'local' },
    outline: { level: [2, 3] },
    nav: [
      { text: 'Guide', link: '/guide/getting-started' },
      { text: 'API', link: '/api/' },
      { text: 'Benchmarks', link: '/benchmarks' },
      { text: 'Decisions', link: '/decisions/' },
    ],
    sidebar: [
      {
        text: 'Guide',
        items: pages('guide', {
          'getting-started': 'Getting started',
          'text-to-tokens': 'From text to tokens',
        }),
      },
      {
        text: 'Packages',
        items: pages('packages', {
          'core-tensor': '@flag/core-tensor',
          ai: '@flag/ai',
          data: '@flag/data',
          'data-steps': 'Steps of @flag/data',
          perf: '@flag/perf',
          eval: '@flag/eval',
          report: '@flag/report',
        }),
      },
      { text: 'Models from the hub', link: '/hub' },
      { text: 'API reference', collapsed: true, items: apiPages() },
      { text: 'Models', link: '/models' },
      { text: 'Conformance', link: '/conformance' },
      { text: 'Benchmarks', link: '/benchmarks' },
      { text: 'Decisions', link: '/decisions/', collapsed: true, items: decisionPages() },
    ],
  },
})

function decisionPages() {
  return readdirSync(join(docs, 'decisions'))
    .filter((file) => file.endsWith('.md') && file !== 'index.md')
    .map((file) => basename(file, '.md'))
    .map((name) => ({ text: name.replaceAll('-', ' '), link: `/decisions/${name}` }))
}
