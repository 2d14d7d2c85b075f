// The states of figures: their words, classes and fills. Options: `counters`, pages, `compare` and `front`. Answers what each service's
// section says and draws, what the table of all services says, the fills of the map, and the legend.

import { browsing, opened } from './browser.mjs'

export const look = options => browsing(async browser => {
  const page = await opened(browser, options)
  const at = name => page.goto(options.store + options.site + name)
  const seen = { services: {} }
  for (const name of options.counters) {
    await at(name)
    Object.assign(seen.services, await page.evaluate(services))
  }
  await at(options.compare)
  seen.compare = await page.evaluate(() => Object.fromEntries([...document.querySelectorAll('#comparer tbody tr')].map(row =>
    [row.dataset.key, [row.dataset.etat, row.cells[2].textContent, row.cells[3].textContent]])))
  await at(options.front)
  seen.map = await page.evaluate(() => [...document.querySelectorAll('#carte svg [data-code]')].map(shape =>
    [shape.dataset.code, shape.getAttribute('class'), shape.getAttribute('fill'), document.getElementById(/#(.*)\)/.exec(shape.getAttribute('fill'))?.[1])?.nodeName ?? '']))
  seen.legend = await page.evaluate(() => [...document.querySelectorAll('#carte .legende li:has([data-class])')].map(item =>
    [item.querySelector('[data-class]').dataset.class, item.querySelector('[data-class]').dataset.fill, item.textContent.trim()]))
  return seen
})

/// What each section says of its newest whole month, and how its months are drawn.
function services() {
  return Object.fromEntries([...document.querySelectorAll('section.service')].map(section => {
    const [finding, figure] = ['.finding', 'figure'].map(selector => section.querySelector(selector))
    const table = section.querySelector('table[data-table=disponibilite_mois]')
    const last = [...table.tHead.rows[0].cells].length - 1
    const filled = [...figure.querySelectorAll('svg > g > path[fill]')].map(path => path.getAttribute('fill'))
    const missing = filled.filter(fill => fill.startsWith('url(') && !figure.querySelector(`pattern[id="${fill.slice(5, -1)}"]`))
    return [table.dataset.key, {
      finding: finding.textContent, classes: finding.className, sentence: finding.querySelector('strong')?.textContent ?? null,
      copied: section.querySelector('button.copier') !== null, filled, missing,
      dots: [...figure.querySelectorAll('svg > g > path[stroke-width="6"]')].map(path => path.getAttribute('stroke')),
      notes: Object.fromEntries([...table.tBodies[0].rows].map(row => [row.dataset.key, row.cells[last].textContent])),
    }]
  }))
}
