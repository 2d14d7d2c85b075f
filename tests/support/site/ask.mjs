// Questions to the tables. Options: `page`, `questions`: each a `table`, its first and last part (`from`, `to`), `filters` as
// [column, operator, value], `columns`, and where the page was opened from a folder the `files` to choose. Answers, by question: what
// the page says, the rows that it shows, the CSV that it gives, how many bytes of Parquet came.

import { readFile } from 'node:fs/promises'
import { browsing, complaints, opened } from './browser.mjs'

export const look = options => browsing(async browser => {
  const page = await opened(browser, options)
  let [bytes, requests] = [0, 0]
  page.on('response', answer => {
    if (!answer.url().endsWith('.parquet')) return
    requests += 1
    bytes += Number(answer.headers()['content-length'])
  })
  const found = []
  for (const question of options.questions) {
    await page.goto('about:blank')
    await page.goto(options.store + options.site + options.page, { waitUntil: 'networkidle' })
    ;[bytes, requests] = [0, 0]
    found.push({ ...(await asked(page, question)), bytes, requests })
  }
  // The address holds the question: whoever gets it has the answer.
  await page.reload({ waitUntil: 'networkidle' })
  const status = page.locator('#interroger > [role=status]')
  if (!options.questions.at(-1).files) await status.filter({ hasText: /\d/ }).waitFor()
  return { found, again: await status.textContent(), complaints: complaints(page) }
})

async function asked(page, { table, from, to, filters, columns, files }) {
  const form = page.locator('#interroger')
  const [tables, first, last] = await form.locator('.ask-table select').all()
  if (files) await form.locator('input[type=file]').setInputFiles(files)
  else await tables.selectOption(table)
  if (from) await first.selectOption(from)
  if (to) await last.selectOption(to)
  for (const [column, operator, value] of filters) {
    await form.locator('.ask-filters > p > button').click()
    const filter = form.locator('.filter').last()
    await filter.locator('select').first().selectOption(column)
    await filter.locator('select').last().selectOption(operator)
    await filter.locator('[data-key=value]').fill(value)
  }
  await form.locator('.ask-columns summary').click()
  for (const box of await form.locator('.ask-columns input').all()) {
    await box.setChecked(columns.includes(await box.inputValue()))
  }
  const answer = page.locator('.answer table')
  await form.locator('button[type=submit]').click()
  await answer.or(form.locator('[role=alert]:visible')).first().waitFor()
  const alert = await form.locator('[role=alert]').textContent()
  if (alert) return { alert }
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('.answer > p > button').first().click()])
  return {
    alert, status: await form.locator('> [role=status]').textContent(), caption: await answer.locator('caption').textContent(),
    columns: await answer.locator('thead th').allTextContents(), shown: await answer.locator('tbody tr').count(),
    sql: await page.locator('.answer pre').textContent(), name: download.suggestedFilename(), csv: await readFile(await download.path(), 'utf8'),
  }
}
