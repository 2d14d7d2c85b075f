// A server of Azure's blobs in memory, on a free port of this machine, which it prints. Each line of standard input names a
// container to make, which anybody may read; it is repeated once that is done. Ends with its standard input.

import { createHmac } from 'node:crypto'
import { createInterface } from 'node:readline'
import { BlobServerFactory } from 'azurite/dist/src/blob/BlobServerFactory.js'
import constants from 'azurite/dist/src/blob/utils/constants.js'

process.argv.push('--blobHost', '127.0.0.1', '--blobPort', '0', '--inMemoryPersistence', '--skipApiVersionCheck', '--silent')
const azurite = await new BlobServerFactory().createServer()
await azurite.start()
const address = azurite.getHttpServerAddress()
console.log(new URL(address).port)

// Signed as Azure has it, « SharedKey » of version 2015-02-21 and later.
async function put(path, query, headers, body) {
  const account = constants.EMULATOR_ACCOUNT_NAME
  const sent = { ...headers, 'x-ms-date': new Date().toUTCString(), 'x-ms-version': '2021-08-06' }
  const named = Object.entries(sent).sort().map(([name, value]) => `${name}:${value}\n`).join('')
  const asked = Object.entries(query).sort().map(([name, value]) => `\n${name}:${value}`).join('')
  const text = `PUT\n\n\n${body.length || ''}\n\n\n\n\n\n\n\n\n${named}/${account}/${account}/${path}${asked}`
  const signature = createHmac('sha256', constants.EMULATOR_ACCOUNT_KEY).update(text).digest('base64')
  const answer = await fetch(`${address}/${account}/${path}?${new URLSearchParams(query)}`, {
    method: 'PUT', headers: { ...sent, Authorization: `SharedKey ${account}:${signature}` }, body: Buffer.from(body),
  })
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
}

// Pages of any origin may read, as on a store that is published.
await put('', { comp: 'properties', restype: 'service' }, {},
  '<?xml version="1.0" encoding="utf-8"?><StorageServiceProperties><Cors><CorsRule><AllowedOrigins>*</AllowedOrigins>'
  + '<AllowedMethods>GET,HEAD</AllowedMethods><AllowedHeaders>range</AllowedHeaders><ExposedHeaders>Content-Range,'
  + 'Content-Length,ETag,Accept-Ranges</ExposedHeaders><MaxAgeInSeconds>60</MaxAgeInSeconds></CorsRule></Cors>'
  + '</StorageServiceProperties>')

for await (const container of createInterface({ input: process.stdin })) {
  await put(container, { restype: 'container' }, { 'x-ms-blob-public-access': 'blob' }, '')
  console.log(container)
}
process.exit()
