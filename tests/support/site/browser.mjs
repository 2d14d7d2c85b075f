// The browser, and what it complains of.

import { execFileSync } from 'node:child_process'
import { chromium } from 'playwright-core'

const ARGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
]

/// Runs `use` with a browser that is closed whatever happens.
export async function browsing(use) {
  const found = execFileSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim()
  const browser = await chromium.launch({ executablePath: found, args: ARGS })
  try {
    return await use(browser)
  } finally {
    await browser.close()
  }
}

/// A page of a browser; `complaints` holds what went wrong on it, and is emptied by whoever reads it.
export async function opened(browser, { store, width = 1440, ...more }) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, acceptDownloads: true, ...more })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  page.complaints = []
  const complain = (...told) => page.complaints.push(told.join(' '))
  page.on('console', message => {
    if (['error', 'warning'].includes(message.type())) complain('console', message.type(), message.text(), message.location().url)
  })
  page.on('pageerror', error => complain('error', error.message))
  // Whatever a page needs stands in the store beside it; pictures that it draws itself are addresses of their own.
  page.on('request', request => {
    const url = request.url()
    if (!url.startsWith(store) && !/^(data|blob):/.test(url)) complain('request', url.slice(0, 200))
  })
  page.on('requestfailed', request => {
    // What was still on its way when the page was left, or what became a download.
    const why = request.failure()?.errorText
    if (why !== 'net::ERR_ABORTED') complain('failed', request.url(), why)
  })
  page.on('response', response => {
    if (response.status() >= 400) complain('answer', response.status(), response.url())
  })
  return page
}

/// What went wrong since this was asked.
export const complaints = page => page.complaints.splice(0)

/// Opens everything that is folded.
export const unfold = page => page.evaluate(() => {
  for (const details of document.querySelectorAll('details')) details.open = true
})
