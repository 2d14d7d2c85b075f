// Reads Parquet files by URL as a page in a browser would, with hyparquet alone.
//
// Standard input: one JSON array of {url, columns, from, to}; columns may be missing, which asks for all of them. Prints
// one JSON array: for each, the rows of the file, its columns with their physical and logical types, and the rows asked for,
// in which {"bigint": "…"} and {"date": "…"} stand for what JSON has no word for.

import { readFileSync } from 'node:fs'
import { asyncBufferFromUrl, parquetMetadataAsync, parquetReadObjects, parquetSchema } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'

function tagged(value) {
  if (typeof value === 'bigint') return { bigint: value.toString() }
  if (value instanceof Date) return { date: value.toISOString() }
  return value ?? null
}

// hyparquet fetches half a mebibyte of a file's end unless told, which is the whole of most of ours.
const initialFetchSize = 1 << 16

const answers = []
for (const { url, columns, from, to } of JSON.parse(readFileSync(0, 'utf8'))) {
  const file = await asyncBufferFromUrl({ url })
  const metadata = await parquetMetadataAsync(file, { initialFetchSize })
  const leaves = parquetSchema(metadata).children.map(({ element }) => element)
  const rows = await parquetReadObjects({ file, metadata, compressors, columns, rowStart: from, rowEnd: to })
  answers.push({
    rows: Number(metadata.num_rows),
    columns: leaves.map(({ name, type, logical_type }) => [name, type, logical_type?.type ?? null]),
    found: rows.map(row => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, tagged(value)]))),
  })
}
console.log(JSON.stringify(answers))
