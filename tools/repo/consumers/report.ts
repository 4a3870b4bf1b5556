import { mkdtemp, readFile } from 'node:fs/promises'
import { type Report, renderReport, writeReport } from '@flag/report'

// The page lies in the package, beside the bundle.
const report: Report = {
  title: 'Two numbers',
  sections: [
    {
      kind: 'table',
      title: 'Numbers',
      columns: [
        { type: 'text', label: 'name' },
        { type: 'number', label: 'value', unit: 'ms' },
      ],
      rows: [
        ['one', 1],
        ['two', { value: 2, low: 1.5, high: 2.5 }],
      ],
    },
  ],
}
const html = renderReport(report)
if (!html.includes('<title>Two numbers</title>') || html.includes('<!--report-->'))
  throw new Error('the page has not taken the report up')

const folder = await mkdtemp('report-')
await writeReport(`${folder}/report.html`, report)
if ((await readFile(`${folder}/report.html`, 'utf8')) !== html)
  throw new Error('the file is not what was rendered')

try {
  renderReport({ title: 'NaN', sections: [{ kind: 'notes', title: '', items: [], x: Number.NaN } as never] })
  throw new Error('a report that breaks the contract was rendered')
} catch (error) {
  if ((error as { code?: string }).code !== 'invalid-report') throw error
}
console.log('@flag/report writes a page')
