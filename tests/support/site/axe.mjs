// What axe finds on pages, everything unfolded. Options: `pages`, `widths`. Answers a list of violations, each with its page
// and width.

import { readFileSync } from 'node:fs'
import { browsing, opened, unfold } from './browser.mjs'

const axe = readFileSync(new URL('node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')

export const look = options => browsing(async browser => {
  const found = []
  for (const width of options.widths) {
    // The pages let no script in but their own.
    const page = await opened(browser, { ...options, width, bypassCSP: true })
    await page.addInitScript(axe)
    for (const name of options.pages) {
      await page.goto(options.store + options.site + name, { waitUntil: 'networkidle' })
      await unfold(page)
      const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ['violations'] }))
      found.push(...violations.map(({ id, help, nodes }) =>
        `${name}, ${width} px, ${id}: ${help} (${nodes.length}: ${nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(' | ')})`))
    }
  }
  return found
})
