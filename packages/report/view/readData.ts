import type { Report } from '../src/contract.ts'

/** The report that was put into the page. */
export async function readData(): Promise<Report> {
  const element = document.getElementById('report')
  if (element === null) throw new Error('The file holds no data: this is the empty page of @flag/report.')
  const content = element.textContent ?? ''
  const isCompressed = element.getAttribute('type') === 'application/gzip'
  const json = isCompressed ? await unzip(content) : content
  // A large text that nobody needs any more.
  element.remove()
  return JSON.parse(json)
}

async function unzip(base64: string): Promise<string> {
  const binary = atob(base64)
  const bytes = Uint8Array.from({ length: binary.length }, (_, i) => binary.charCodeAt(i))
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).text()
}
