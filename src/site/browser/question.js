// A question: what it asks of Parquet, of DuckDB and of the rows that were read.
import { Refusal } from './reading.js';

export const USUAL = ['consultations', 'oui', 'non', 'taux_sans_rdv', 'qualite'];
// Beyond this many rows a browser struggles, and the whole file serves better.
export const MOST = 300000;
export const COUNT = 'nombre_lignes';

export const operators = type => type === 'string' ? ['eq', 'ne', 'has', 'ge', 'le', 'empty', 'filled']
  : type === 'boolean' ? ['eq', 'ne', 'empty', 'filled'] : ['eq', 'ne', 'ge', 'le', 'empty', 'filled'];
export const valueless = operator => operator === 'empty' || operator === 'filled';
// Rates are never added up.
export const functions = type => type === 'integer' ? ['sum', 'min', 'max'] : type === 'number' ? ['min', 'max'] : [];

export const usual = table => {
  const names = table.columns.map(column => column.name), by = table.by || [];
  const wanted = [...by, ...USUAL].filter((name, at, all) => names.includes(name) && all.indexOf(name) === at);
  return wanted.length ? wanted.concat(wanted.length === by.length ? names.filter(name => !wanted.includes(name)).slice(0, 5) : []) : names.slice(0, 8);
};

const DAY = /^\d{4}-\d\d-\d\d$/, INSTANT = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?Z?)?$/;
const parsed = (words, { name, type }) => {
  const value = words.trim(), refuse = () => { throw new Refusal('value', value, name); };
  if (type === 'integer' || type === 'number') {
    // A decimal comma is meant as one.
    const number = Number(value.replace(/[\u2212]/, '-').replace(/^(-?\d+),(\d+)$/, '$1.$2').replace(/[ \u00a0\u202f]/g, ''));
    return value && Number.isFinite(number) ? number : refuse();
  }
  if (type === 'boolean') return /^(true|vrai|oui|yes|1)$/i.test(value) ? true : /^(false|faux|non|no|0)$/i.test(value) ? false : refuse();
  if (type === 'date') return DAY.test(value) && !Number.isNaN(Date.parse(value)) ? value : refuse();
  if (type === 'datetime') {
    const [found, day, minutes = '00:00', seconds = '00', rest = ''] = INSTANT.exec(value) || [];
    return found && !Number.isNaN(Date.parse(day)) ? `${day}T${minutes}:${seconds}.${rest.padEnd(6, '0')}Z` : refuse();
  }
  return value || refuse();
};

const folded = words => words.toLowerCase().normalize('NFD').replace(/[\u0300-\u036f]/g, '');

// The conditions with their values read, once for every use below.
export const conditions = (question, columnOf) => question.filters.map(([name, operator, words], at) => {
  const column = columnOf(name);
  if (valueless(operator)) return { column, operator, values: [] };
  try {
    if (operator === 'has') return { column, operator, values: [words.trim() || parsed('', column)] };
    const several = operator === 'eq' ? words.split(';').filter(part => part.trim()) : [words];
    return { column, operator, values: (several.length ? several : ['']).map(part => parsed(part, column)) };
  } catch (error) {
    throw Object.assign(error, { at });
  }
});

// What Parquet can answer by itself, skipping row groups and pages that cannot match.
export const pushed = all => {
  const $and = all.filter(({ operator }) => operator !== 'has').map(({ column, operator, values }) => ({
    [column.name]: {
      eq: () => ({ $in: values }), ne: () => ({ $ne: values[0] }), ge: () => ({ $gte: values[0] }), le: () => ({ $lte: values[0] }),
      empty: () => ({ $eq: null }), filled: () => ({ $ne: null }),
    }[operator](),
  }));
  return $and.length ? { $and } : undefined;
};

// What is left to look at in each row.
export const kept = all => {
  const left = all.filter(({ operator }) => operator === 'has').map(({ column, values }) => [column.name, folded(values[0])]);
  return row => left.every(([name, wanted]) => row[name] !== null && row[name] !== undefined && folded(String(row[name])).includes(wanted));
};

const plain = value => {
  if (value === undefined || value === null) return null;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  // The fraction of a second is said where there is one.
  if (typeof value === 'string') return value.replace(/^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d*?)0*)Z$/, (_, instant, rest) => `${instant}${rest && `.${rest}`}Z`);
  if (typeof value === 'object') return JSON.stringify(value, (_, inner) => typeof inner === 'bigint' ? String(inner) : inner);
  return value;
};

export const isGrouped = question => question.by.length > 0 || Boolean(question.compute);
export const answerColumns = question => isGrouped(question)
  ? [...question.by, COUNT, ...question.compute ? [`${question.compute}_${question.of}`] : []] : question.columns;
export const readColumns = (question, all) => {
  const shown = isGrouped(question) ? [...question.by, ...question.compute ? [question.of] : []] : question.columns;
  const looked = all.filter(({ operator }) => operator === 'has').map(({ column }) => column.name);
  // Rows are counted out of some column, so one at least is read.
  const read = [...new Set([...shown, ...looked])];
  return read.length ? read : question.columns.slice(0, 1);
};

// Takes rows as they are read, and gives the answer as lists of values.
export const gathering = question => {
  if (!isGrouped(question)) {
    const rows = [];
    return {
      take(row) {
        if (rows.length >= MOST) throw new Refusal('many', MOST);
        rows.push(question.columns.map(name => plain(row[name])));
      },
      rows: () => rows,
    };
  }
  const groups = new Map(), { by, compute, of } = question;
  const combined = { sum: (a, b) => a + b, min: (a, b) => b < a ? b : a, max: (a, b) => b > a ? b : a }[compute];
  return {
    take(row) {
      const values = by.map(name => plain(row[name])), key = JSON.stringify(values);
      let group = groups.get(key);
      if (!group) groups.set(key, group = { values, count: 0, figure: null });
      group.count += 1;
      let value = compute ? row[of] : null;
      if (value === null || value === undefined || Number.isNaN(value)) return;
      // Whole numbers are added without rounding, however many there are.
      if (compute === 'sum') value = BigInt(value);
      group.figure = group.figure === null ? value : combined(group.figure, value);
    },
    rows() {
      // Of no row at all, a total is still a row.
      if (!by.length && !groups.size) return [[0, null]];
      return [...groups.values()].map(({ values, count, figure }) => [...values, count, ...compute ? [plain(figure)] : []]);
    },
  };
};

// Nothing stands last in both directions; what is equal keeps the order of the file.
export const sorted = (rows, at, down) => at < 0 ? rows : [...rows].sort((left, right) => {
  const [a, b] = [left[at], right[at]];
  if (a === null || b === null) return (a === null) - (b === null);
  return (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1);
});

export const csv = (columns, rows) => [columns, ...rows].map(row => row.map(value => {
  const words = value === null ? '' : String(value);
  return /[",\r\n]/.test(words) ? `"${words.replace(/"/g, '""')}"` : words;
}).join(',') + '\r\n').join('');

const quoted = name => `"${name.replace(/"/g, '""')}"`, literal = words => `'${String(words).replace(/'/g, "''")}'`;
const written = ({ type }, value) => type === 'date' ? `DATE ${literal(value)}` : type === 'datetime' ? `TIMESTAMPTZ ${literal(plain(value))}`
  : typeof value === 'string' ? literal(value) : String(value);

export const sql = (question, all, files) => {
  const { compute, of, by } = question;
  const names = isGrouped(question)
    ? [...by.map(quoted), `count(*) AS ${quoted(COUNT)}`, ...compute ? [`${compute}(${quoted(of)}) AS ${quoted(`${compute}_${of}`)}`] : []] : question.columns.map(quoted);
  const where = all.map(({ column, operator, values }) => {
    const name = quoted(column.name), list = values.map(value => written(column, value));
    return {
      eq: () => list.length > 1 ? `${name} IN (${list.join(', ')})` : `${name} = ${list[0]}`, ne: () => `${name} IS DISTINCT FROM ${list[0]}`,
      ge: () => `${name} >= ${list[0]}`, le: () => `${name} <= ${list[0]}`, empty: () => `${name} IS NULL`, filled: () => `${name} IS NOT NULL`,
      has: () => `contains(strip_accents(lower(${name})), ${literal(folded(values[0]))})`,
    }[operator]();
  });
  const from = files.length > 1 ? `[${files.map(literal).join(', ')}]` : literal(files[0]);
  return [
    `SELECT ${names.join(', ')}`,
    `FROM read_parquet(${from})`,
    ...where.length ? [`WHERE ${where.join('\n  AND ')}`] : [],
    ...by.length ? [`GROUP BY ${by.map(quoted).join(', ')}`] : [],
    ...question.sort ? [`ORDER BY ${quoted(question.sort)} ${question.down ? 'DESC' : 'ASC'} NULLS LAST`] : [],
  ].join('\n') + ';';
};

// ── The question in the address
export const toHash = (question, table) => {
  const state = new URLSearchParams({ table: question.table });
  if (question.from) state.set('de', question.from);
  if (question.to && question.to !== question.from) state.set('a', question.to);
  if (question.columns.join() !== usual(table).join()) state.set('colonnes', question.columns.join());
  question.filters.forEach(([name, operator, words]) => state.append('filtre', [name, operator, ...valueless(operator) ? [] : [words]].join('~')));
  if (question.by.length) state.set('par', question.by.join());
  if (question.compute) state.set('calcul', `${question.compute}~${question.of}`);
  if (question.sort) state.set('tri', question.sort);
  if (question.sort && question.down) state.set('sens', 'desc');
  return `#${state}`;
};

// Only what the table has is taken from an address.
export const fromHash = (state, table) => {
  const columnOf = name => table.columns.find(column => column.name === name);
  const listed = key => (state.get(key) || '').split(',').filter(columnOf);
  const columns = listed('colonnes'), [compute = '', of = ''] = (state.get('calcul') || '').split('~');
  const fits = columnOf(of) && functions(columnOf(of).type).includes(compute);
  const from = state.get('de') || '';
  const question = {
    table: table.name, from, to: state.get('a') || from, columns: columns.length ? columns : usual(table),
    filters: state.getAll('filtre').map(text => text.split('~')).filter(([name, operator]) => columnOf(name) && operators(columnOf(name).type).includes(operator))
      .map(([name, operator, ...words]) => [name, operator, words.join('~')]),
    by: listed('par').slice(0, 2), compute: fits ? compute : '', of: fits ? of : '', sort: '', down: state.get('sens') === 'desc',
  };
  if (answerColumns(question).includes(state.get('tri'))) question.sort = state.get('tri');
  return question;
};
