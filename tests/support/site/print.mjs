// Fact sheets on paper. Options: `pages`. Answers on how many sheets of A4 each comes.

import { browsing, opened } from './browser.mjs'

export const look = options => browsing(async browser => {
  const page = await opened(browser, options)
  const found = {}
  for (const name of options.pages) {
    await page.goto(options.store + options.site + name)
    const paper = await page.pdf({ format: 'A4', preferCSSPageSize: true })
    found[name] = paper.toString('latin1').match(/\/Type\s*\/Page\b/g).length
  }
  return found
})
