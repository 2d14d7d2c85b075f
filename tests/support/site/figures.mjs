// Every figure that pages show, with the place in the tables that it is of. Options: `pages`. Answers a list of
// [page, table, key, column, raw value, shown text], the columns of a key in their order.

import { browsing, opened } from './browser.mjs'

export const look = options => browsing(async browser => {
  const page = await opened(browser, options)
  const found = []
  for (const name of options.pages) {
    await page.goto(options.store + options.site + name)
    found.push(...(await page.evaluate(read)).map(figure => [name, ...figure]))
  }
  return found
})

function read() {
  const shown = element => element.textContent.trim()
  const found = []
  // Within sentences: « table/key…/column ».
  for (const data of document.querySelectorAll('data[data-cle]')) {
    const [table, ...rest] = data.dataset.cle.split('/')
    found.push([table, rest.slice(0, -1), rest.at(-1), data.value, shown(data)])
  }
  // Tables: what all rows have in common of their key stands at the table, the rest at each row, the columns at the head.
  for (const table of document.querySelectorAll('table[data-table]')) {
    const columns = [...table.tHead.rows[0].cells].map(cell => cell.dataset.column)
    for (const row of table.tBodies[0].rows) {
      const key = [table.dataset.key, row.dataset.key].filter(Boolean).join('/').split('/')
      for (const [at, cell] of [...row.cells].entries()) {
        if (!columns[at]) continue
        // The head of a row is of its key, whatever else it says.
        const raw = cell.tagName === 'TH' ? row.dataset.key : cell.dataset.v ?? shown(cell)
        found.push([table.dataset.table, key, columns[at], raw, shown(cell)])
      }
    }
  }
  // Weekdays by hours: openings of occasions.
  for (const table of document.querySelectorAll('table[data-heures]')) {
    for (const [day, row] of [...table.tBodies[0].rows].entries()) {
      for (const [hour, cell] of [...row.cells].slice(1).entries()) {
        const key = [...table.dataset.heures.split('/'), String(day + 1), String(hour)]
        const [openings, occasions] = shown(cell) === '-' ? ['', ''] : shown(cell).split('/')
        found.push(['rythme_ouvertures', key, 'ouvertures', openings, openings], ['rythme_ouvertures', key, 'occasions', occasions, occasions])
      }
    }
  }
  return found
}
