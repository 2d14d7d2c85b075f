// The table of all services: sorted, searched, filtered, two of it compared. Options: `page`, `words` to search. Answers what it
// shows after each.

import { browsing, complaints, opened } from './browser.mjs'

export const look = options => browsing(async browser => {
  const page = await opened(browser, options)
  const address = options.store + options.site + options.page
  const seen = {}
  const again = async () => {
    await page.goto('about:blank')
    await page.goto(address, { waitUntil: 'networkidle' })
  }
  const sees = async name => {
    seen[name] = await page.evaluate(state)
  }
  await again()
  await sees('first')
  const columns = await page.locator('#comparer thead th').count()
  for (let column = 0; column < columns; column += 1) {
    const button = page.locator('#comparer thead th').nth(column).getByRole('button')
    for (const turn of ['once', 'twice']) {
      await button.press('Enter')
      await sees(`${column} ${turn}`)
    }
  }
  await page.reload({ waitUntil: 'networkidle' })
  await sees('sorted again')

  await again()
  const search = page.locator('form[data-for=comparer] input[name=q]')
  for (const words of options.words) {
    await search.fill(words)
    // The count follows once the word is typed.
    await page.waitForTimeout(400)
    await sees(`search ${words}`)
  }
  await page.reload({ waitUntil: 'networkidle' })
  await sees('searched again')

  await again()
  for (const name of ['demarche', 'departement', 'etat']) {
    const select = page.locator(`form[data-for=comparer] select[name=${name}]`)
    for (const value of await select.locator('option').evaluateAll(options => options.map(option => option.value))) {
      await select.selectOption(value)
      await page.waitForTimeout(300)
      await sees(`${name} ${value}`)
    }
    await select.selectOption('')
  }

  await again()
  seen.pairs = await page.evaluate(pairs)
  seen.complaints = complaints(page)
  return seen
})

/// What the table shows now.
function state() {
  const rows = [...document.querySelectorAll('#comparer tbody tr')]
  const cell = cell => 'v' in cell.dataset ? cell.dataset.v : cell.textContent.trim()
  return {
    sorted: [...document.querySelectorAll('#comparer thead th')].map(th => th.getAttribute('aria-sort')),
    shown: rows.filter(row => !row.hidden).map(row => row.dataset.key),
    values: rows.map(row => [...row.cells].map(cell)),
    status: document.querySelector('p[role=status][data-for=comparer]').textContent,
    address: location.hash,
  }
}

/// What is said of each two rows, of one and of three.
function pairs() {
  const told = () => document.querySelector('[data-overlap=comparer]').textContent
  const rows = [...document.querySelectorAll('#comparer tbody tr')]
  const check = row => row.querySelector('input[name=compare]').click()
  const found = { none: told(), of: [] }
  for (const a of rows) {
    for (const b of rows.slice(rows.indexOf(a) + 1)) {
      [a, b].forEach(check)
      found.of.push([a.dataset.key, b.dataset.key, told()]);
      [a, b].forEach(check)
    }
  }
  rows.slice(0, 3).forEach(check)
  found.three = told()
  return found
}
