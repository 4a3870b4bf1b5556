import { startBrowser } from './browser.ts'
const [, , file, out, w = '1200', h = '0'] = process.argv
const b = await startBrowser()
const { page, problems } = await b.open(file, { width: Number(w), height: Number(h) || 900 })
await page.waitForTimeout(600)
console.log(problems)
await page.screenshot({ path: out, fullPage: h === '0' })
await b.close()
