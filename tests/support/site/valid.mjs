// What html-validate finds in the files of pages. Options: `folder` of the site on the disk, `pages`. Answers a list.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HtmlValidate } from 'html-validate'

const judge = new HtmlValidate({
  extends: ['html-validate:recommended'],
  rules: {
    // A matter of search engines: a title here ends with the site's name, which says that data are simulated.
    'long-title': 'off',
    // A box that scrolls is a region because the keyboard must reach it; it is no section of the text.
    'prefer-native-element': ['error', { exclude: ['region'] }],
    // A form here changes what is shown at once and sends nothing; without its script it is hidden.
    'wcag/h32': 'off',
  },
})

export async function look({ folder, pages }) {
  const found = []
  for (const name of pages) {
    const { results } = await judge.validateString(await readFile(join(folder, name), 'utf8'))
    found.push(...results.flatMap(({ messages }) => messages).map(({ ruleId, message, selector }) => `${name}, ${ruleId}: ${message} (${selector})`))
  }
  return found
}
