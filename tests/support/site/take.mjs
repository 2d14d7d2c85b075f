// Figures that are taken out of their page: all of it, by their ids. Options: `page`. Answers, by figure: its name, its files with
// their names, what its address shows alone, and the rows of its table on the page.

import { readFile } from 'node:fs/promises'
import { browsing, complaints, opened } from './browser.mjs'

export const look = options => browsing(async browser => {
  const page = await opened(browser, options)
  const address = options.store + options.site + options.page
  const found = {}
  await page.goto(address, { waitUntil: 'networkidle' })
  const ids = await page.locator('figure:has(svg)').evaluateAll(figures => figures.map(figure => figure.id))
  for (const id of ids) {
    await page.goto(address, { waitUntil: 'networkidle' })
    const figure = page.locator(`#${id}`)
    const taken = { name: await figure.locator('svg > title').first().textContent(), files: {} }
    for (const kind of ['SVG', 'PNG', 'CSV']) {
      const button = figure.locator('.tools button', { hasText: kind })
      if (!await button.count()) continue
      const [download] = await Promise.all([page.waitForEvent('download'), button.click()])
      const bytes = await readFile(await download.path())
      taken.files[kind] = { name: download.suggestedFilename(), ...(kind === 'PNG' ? await page.evaluate(painted, bytes.toString('base64')) : { text: bytes.toString('utf8') }) }
    }
    if (taken.files.SVG) taken.picture = await page.evaluate(parsed, taken.files.SVG.text)
    taken.rows = await figure.evaluate(rows)
    const embed = figure.locator('.tools button', { hasText: /^(Intégrer|Embed)$/ })
    if (await embed.count()) {
      await embed.click()
      taken.code = await figure.locator('.tools textarea').inputValue()
      await page.goto(/src="([^"]*)"/.exec(taken.code)[1].replaceAll('&amp;', '&'), { waitUntil: 'networkidle' })
      taken.alone = await page.evaluate(alone)
    }
    found[id] = taken
  }
  return { found, complaints: complaints(page) }
})

/// How large a picture is, and how many of its pixels are dark.
async function painted(base64) {
  const picture = new Image()
  picture.src = `data:image/png;base64,${base64}`
  await picture.decode()
  const canvas = Object.assign(document.createElement('canvas'), { width: picture.width, height: picture.height })
  const context = canvas.getContext('2d')
  context.drawImage(picture, 0, 0)
  const { data } = context.getImageData(0, 0, picture.width, picture.height)
  let inked = 0
  for (let at = 0; at < data.length; at += 4) inked += data[at + 3] > 127 && data[at] + data[at + 1] + data[at + 2] < 384
  return { width: picture.width, height: picture.height, inked }
}

/// A picture as any program that reads XML finds it: what is written in it, and which patterns it lacks.
function parsed(source) {
  const picture = new DOMParser().parseFromString(source, 'image/svg+xml')
  const used = [...source.matchAll(/url\(["']?#([^"')]+)/g)].map(([, id]) => id)
  return {
    error: picture.querySelector('parsererror')?.textContent ?? '',
    root: picture.documentElement.nodeName,
    text: [...picture.querySelectorAll('text')].map(text => text.textContent).join(' '),
    lacks: [...new Set(used)].filter(id => !picture.getElementById(id)),
    foreign: [...picture.querySelectorAll('script, foreignObject, image, use')].length,
  }
}

/// The rows of a figure's table, with its columns first.
function rows(figure) {
  const table = figure.querySelector('table')
  if (!table) return []
  return [...table.rows].map(row => [...row.cells].map(cell =>
    cell.scope === 'col' ? cell.dataset.column ?? cell.textContent.trim()
      : cell.scope === 'row' ? row.dataset.key ?? cell.textContent.trim() : cell.dataset.v ?? cell.textContent.trim()))
}

/// What of a page can be seen: pieces of text outside the figure that was asked for, and how high its drawing is. The warning that
/// data are simulated stays wherever a figure goes.
function alone() {
  const figure = document.getElementById(new URLSearchParams(location.search).get('figure'))
  const seen = element => element.checkVisibility() && element.getBoundingClientRect().width > 1
    && element.getBoundingClientRect().right > 0
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const others = []
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const holder = node.parentElement
    if (node.data.trim() && !figure.contains(node) && !holder.closest('.simulated') && seen(holder)) others.push(node.data.trim())
  }
  return {
    others, words: figure.innerText, height: figure.querySelector('svg').getBoundingClientRect().height,
    said: figure.querySelector('.embed-source')?.textContent ?? '', warned: seen(document.querySelector('.simulated > *')),
  }
}
