// What a page fetches of a Parquet file to draw one service: node one_service.mjs FILE GUICHET COLUMN… prints one JSON object,
// how many ranges it asked for, how many bytes they are, and how many rows it found.

import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'

const [path, guichet, ...columns] = process.argv.slice(2)
const whole = await asyncBufferFromFile(path)
const fetched = { ranges: 0, bytes: 0 }
const file = {
  byteLength: whole.byteLength,
  slice(start, end = whole.byteLength) {
    fetched.ranges += 1
    fetched.bytes += end - start
    return whole.slice(start, end)
  },
}
// The end of the file, where all columns of all groups are told apart.
const metadata = await parquetMetadataAsync(file, { initialFetchSize: 1 << 17 })
const rows = await parquetReadObjects({ file, metadata, compressors, columns, filter: { guichet_id: { $eq: guichet } } })
console.log(JSON.stringify({ ...fetched, rows: rows.length }))
