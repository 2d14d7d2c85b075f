// Every page at several widths: what the browser complains of, what is wider than the screen, and what the page says.
// Options: `pages`, `widths`. Answers, by page: `complaints`, `wide`, `text` in pieces, what of it has spaces that French print
// has not (`broken`, `joined`), `pale` texts of figures.

import { browsing, complaints, opened, unfold } from './browser.mjs'

export const look = options => browsing(async browser => {
  const page = await opened(browser, options)
  const found = {}
  // Over HTTP a page asks for the state of its version once it stands.
  const waitUntil = options.store.startsWith('http') ? 'networkidle' : 'load'
  for (const name of options.pages) {
    await page.goto(options.store + options.site + name, { waitUntil })
    await unfold(page)
    const wide = []
    for (const width of options.widths) {
      await page.setViewportSize({ width, height: 900 })
      wide.push(...(await page.evaluate(wider)).map(told => `${width} px: ${told}`))
    }
    found[name] = { complaints: complaints(page), wide, ...(await page.evaluate(read)) }
  }
  return found
})

/// Which elements are wider than the window, once the page is.
function wider() {
  const room = document.documentElement.clientWidth
  if (document.documentElement.scrollWidth <= room) return []
  const scrolls = element => element.closest('.scroll, pre, .prose > table') !== null
  const guilty = [...document.querySelectorAll('body *')].filter(element =>
    element.getBoundingClientRect().right > room + 0.5 && !scrolls(element))
  const told = guilty.slice(-3).map(element => `${element.tagName} ${element.id || element.className} « ${element.textContent.trim().slice(0, 40)} »`)
  return [`${document.documentElement.scrollWidth}, ${told.join(' | ')}`]
}

function read() {
  const VERBATIM = 'code, pre, textarea, script, style, noscript'
  const BLOCKS = 'p, li, td, th, dt, dd, h1, h2, h3, h4, caption, summary, label, option, button, text, title, legend, div, figure'
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const lines = []
  let block
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const holder = node.parentElement
    if (holder.closest('script, style, noscript')) continue
    const now = holder.closest(BLOCKS)
    if (now !== block) lines.push({ text: '', lang: (now ?? holder).closest('[lang]').lang })
    block = now
    // Code has a typography of its own, and so has another language within a text.
    const foreign = holder.closest(VERBATIM) || holder.closest('[lang]').lang !== lines.at(-1).lang
    lines.at(-1).text += foreign ? '\u0001' : node.data
    lines.at(-1).whole = (lines.at(-1).whole ?? '') + node.data
  }
  // Signs of French print with a space that may break, and those without any; addresses and times of the day are neither.
  const french = lines.filter(({ lang }) => lang === 'fr').map(({ text }) => text)
  const matches = sign => french.flatMap(text => [...text.matchAll(sign)].map(([found]) => found))
  const broken = /.{0,40}(?:[ \n][;:!?%»]|«[ \n]).{0,20}/gsu
  const joined = /.{0,40}[\p{L}\d)»](?:[;:!?](?=\s|$)|%).{0,20}/gsu
  const luminance = colour => {
    const [r, g, b] = colour.match(/[\d.]+/g).map(Number).map(part => part / 255)
      .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  // What is written in a figure stands on white.
  const pale = [...document.querySelectorAll('svg text')].filter(text => {
    const { fill, opacity } = getComputedStyle(text)
    return opacity !== '1' || !fill.startsWith('rgb(') || 1.05 / (luminance(fill) + 0.05) < 4.5
  })
  return {
    text: lines.map(line => line.whole).filter(line => line.trim()),
    broken: matches(broken),
    joined: matches(joined),
    pale: pale.map(text => `${text.textContent}: ${getComputedStyle(text).fill}`),
  }
}
