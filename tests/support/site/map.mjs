// The map by the keyboard alone. Options: `page`. Answers what it shows at first, after each key, and once loaded again.

import { browsing, complaints, opened } from './browser.mjs'

export const look = options => browsing(async browser => {
  const page = await opened(browser, options)
  const address = options.store + options.site + options.page
  await page.goto(address, { waitUntil: 'networkidle' })
  const seen = { first: await page.evaluate(state) }
  const reach = async selector => {
    for (let pressed = 0; pressed < 60; pressed += 1) {
      await page.keyboard.press('Tab')
      if (await page.evaluate(selector => document.activeElement.matches(selector), selector)) return
    }
    throw new Error(`the keyboard does not reach ${selector}`)
  }
  // The controls in the order of the page.
  await reach('[data-map=demarche]')
  await page.keyboard.press('ArrowDown')
  seen.procedure = await page.evaluate(state)
  await reach('[data-map=mois]')
  await page.keyboard.press('ArrowLeft')
  seen.arrow = await page.evaluate(state)
  await page.keyboard.press('Shift+Tab')
  await page.keyboard.press('Enter')
  seen.button = await page.evaluate(state)
  await page.reload({ waitUntil: 'networkidle' })
  seen.reloaded = await page.evaluate(state)
  // Every procedure and month that the controls can ask for.
  seen.all = await page.evaluate(all)
  await page.goto(`${address}#demarche=nulle-part&mois=1999-01`)
  await page.reload({ waitUntil: 'networkidle' })
  seen.unknown = await page.evaluate(state)
  seen.complaints = complaints(page)
  return seen
})

/// What the map says now.
function state() {
  const one = selector => document.querySelector(`#carte ${selector}`)
  const rows = [...document.querySelectorAll('#carte tr[data-code]')].map(row => [row.dataset.code, ...['etat', 'taux'].map(name => {
    const cell = row.querySelector(`[data-map=${name}]`)
    return cell.textContent.trim()
  })])
  const shapes = [...document.querySelectorAll('#carte svg [data-code]')].map(shape =>
    [shape.dataset.code, shape.getAttribute('class').replace('zone ', ''), shape.getAttribute('fill')])
  return {
    title: one('[data-map=titre]').textContent, spoken: one('[data-map=mois]').getAttribute('aria-valuetext'),
    month: one('[data-map=mois]').value, procedure: one('[data-map=demarche]').value, address: location.hash, rows, shapes,
  }
}

/// The rows of the table for each procedure and month.
function all() {
  const [select, range] = ['demarche', 'mois'].map(name => document.querySelector(`#carte [data-map=${name}]`))
  const found = []
  for (const { value } of select.options) {
    select.value = value
    select.dispatchEvent(new Event('change', { bubbles: true }))
    for (let month = 0; month <= +range.max; month += 1) {
      range.value = month
      range.dispatchEvent(new Event('input', { bubbles: true }))
      for (const row of document.querySelectorAll('#carte tr[data-code]')) {
        const { code } = row.dataset
        found.push({
          procedure: value, month: new URLSearchParams(location.hash.slice(1)).get('mois'), code,
          share: row.querySelector('[data-map=taux]').textContent.trim(), words: row.querySelector('[data-map=etat]').textContent.trim(),
          fill: document.querySelector(`#carte svg [data-code="${code}"]`).getAttribute('fill'),
        })
      }
    }
  }
  return found
}
