// Parquet files, read by ranges: over HTTP, or out of a file that the reader chose.
import { decompress } from 'fzstd';
import { parquetMetadataAsync, parquetReadObjects, parquetSchema } from 'hyparquet';

// The footers of our tables take 60 to 70 kB, most of it the schema; page indexes stand just before.
const TAIL = 1 << 17;
// A server without ranges sends everything at once: small files only.
const WHOLE = 4e6;

// What went wrong: a name in the table of texts, and what the sentence is about.
export class Refusal extends Error {
  constructor(kind, ...about) {
    super(kind);
    Object.assign(this, { kind, about });
  }
}

export const counters = { requests: 0, bytes: 0 };
const counted = buffer => {
  counters.requests += 1;
  counters.bytes += buffer.byteLength;
  return buffer;
};

// The end of the file is fetched once, and everything that lies in it is taken from there.
const tailed = (byteLength, read) => {
  const start = Math.max(0, byteLength - TAIL);
  let tail;
  return {
    byteLength,
    async slice(from, to = byteLength) {
      if (from < start) return read(from, to);
      tail = tail || read(start, byteLength);
      tail.catch(() => { tail = undefined; });
      return (await tail).slice(from - start, to - start);
    },
  };
};

const local = file => tailed(file.size, async (from, to) => counted(await file.slice(from, to).arrayBuffer()));

const remote = async (url, name, size) => {
  const ask = async (method, headers) => {
    let answer;
    try {
      answer = await fetch(url, { method, headers });
    } catch {
      throw new Refusal('network', name);
    }
    if (answer.status === 404) throw new Refusal('missing', name);
    if (answer.status === 416) throw new Refusal('changed', name);
    if (!answer.ok) throw new Refusal('answer', name, answer.status);
    return answer;
  };
  const byteLength = size || Number((await ask('HEAD', {})).headers.get('Content-Length'));
  let whole;
  return tailed(byteLength, async (from, to) => {
    if (whole) return (await whole).slice(from, to);
    const answer = await ask('GET', { Range: `bytes=${from}-${to - 1}` });
    if (answer.status === 206) {
      const total = /\/(\d+)$/.exec(answer.headers.get('Content-Range') || '');
      if (total && Number(total[1]) !== byteLength) throw new Refusal('changed', name);
      return counted(await answer.arrayBuffer());
    }
    if (byteLength > WHOLE) {
      if (answer.body) answer.body.cancel();
      throw new Refusal('ranges', name);
    }
    whole = answer.arrayBuffer().then(counted);
    if ((await whole).byteLength !== byteLength) throw new Refusal('changed', name);
    return (await whole).slice(from, to);
  });
};

// Dates and instants as text of one width, so that they compare as they follow one another, in statistics too.
const micros = value => {
  const seconds = value / 1000000n - (value % 1000000n < 0n ? 1n : 0n);
  const rest = String(value - seconds * 1000000n).padStart(6, '0');
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${rest}Z`;
};
const parsers = {
  dateFromDays: days => days === undefined || days === null ? days : new Date(days * 86400000).toISOString().slice(0, 10),
  timestampFromMilliseconds: value => micros(BigInt(value) * 1000n),
  timestampFromMicroseconds: value => micros(BigInt(value)),
  timestampFromNanoseconds: value => micros(BigInt(value) / 1000n),
};
const compressors = { ZSTD: (input, length) => decompress(input, new Uint8Array(length)) };

// Of the files that were opened, the ends are kept: a second question costs no footer.
const opened = new Map();

const described = ({ element }) => {
  const logical = element.logical_type && element.logical_type.type, converted = element.converted_type || '';
  const type = converted === 'DATE' ? 'date' : logical === 'TIMESTAMP' || /^TIMESTAMP/.test(converted) || element.type === 'INT96' ? 'datetime'
    : element.type === 'BOOLEAN' ? 'boolean' : element.type === 'DOUBLE' || element.type === 'FLOAT' || converted === 'DECIMAL' ? 'number'
    : element.type === 'INT32' || element.type === 'INT64' ? 'integer' : 'string';
  return { name: element.name, title: '', type };
};

// `source`: { name, file } or { name, url, bytes }.
export const open = async source => {
  const key = source.file || source.url;
  if (!opened.has(key)) {
    const buffer = source.file ? local(source.file) : await remote(source.url, source.name, source.bytes);
    try {
      if (buffer.byteLength < 12) throw new Error('too short');
      const metadata = await parquetMetadataAsync(buffer, { initialFetchSize: TAIL, parsers, geoparquet: false });
      opened.set(key, { buffer, metadata, columns: parquetSchema(metadata).children.map(described) });
    } catch (error) {
      throw error instanceof Refusal ? error : new Refusal('format', source.name);
    }
  }
  return opened.get(key);
};

// Row group by row group: what is not kept is forgotten before the next one is read.
export async function* groups(source, columns, filter) {
  const { buffer, metadata, columns: there } = await open(source);
  const names = new Set(there.map(column => column.name));
  const missing = columns.filter(name => !names.has(name));
  if (missing.length) throw new Refusal('columns', source.name, missing.join(', '));
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    yield await parquetReadObjects({
      file: buffer, metadata, columns, compressors, parsers, rowStart, rowEnd, geoparquet: false,
      // Not strict: 64-bit integers equal the numbers that people type.
      ...filter && { filter, filterStrict: false, usePageIndex: true },
    });
    rowStart = rowEnd;
  }
}
