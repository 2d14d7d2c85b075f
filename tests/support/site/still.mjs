// Pages without JavaScript. Options: `front`, `counter` and `ask`. Answers what they show, and what the links to files give.

import { browsing, complaints, opened } from './browser.mjs'

export const look = options => browsing(async browser => {
  const page = await opened(browser, { ...options, javaScriptEnabled: false })
  const address = options.store + options.site
  const seen = {}
  await page.goto(address + options.front)
  seen.shapes = await page.locator('#carte svg [data-code]').count()
  seen.departments = await page.locator('#carte table').innerText()
  seen.controls = await page.locator('button:visible, select:visible, input:visible').count()
  seen.front = complaints(page)

  seen.files = {}
  const links = page.locator('a[href$=".csv"], a[href$=".xlsx"], a[href$=".parquet"]')
  for (const link of await links.all()) {
    // What a browser does not show it saves.
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()])
    const stream = await download.createReadStream()
    let bytes = 0
    for await (const chunk of stream) bytes += chunk.length
    seen.files[await link.getAttribute('href')] = bytes
  }
  complaints(page)

  await page.goto(address + options.counter)
  seen.findings = await page.locator('.finding').allInnerTexts()
  seen.drawings = await page.locator('.service figure svg').count()
  const tables = page.locator('main table')
  seen.folded = await tables.filter({ visible: true }).count()
  for (const summary of await page.locator('summary').all()) await summary.click()
  seen.tables = await tables.evaluateAll(tables => tables.map(table => table.checkVisibility() ? table.rows.length : 0))
  seen.tools = await page.locator('button:visible, select:visible, input:visible').count()
  seen.counter = complaints(page)
  await page.goto(address + options.ask)
  seen.ask = await page.locator('main').innerText()
  return seen
})
