// « Interroger »: asks the published tables a question in the reader's own browser. Nothing leaves it but ranges of files.
import { counters, groups, open, Refusal } from './reading.js';
import { answerColumns, conditions, COUNT, csv, fromHash, functions, gathering, isGrouped, kept, MOST, operators, pushed, readColumns, sorted, sql, toHash, usual, valueless } from './question.js';
import { TEXTS } from './texts.js';

const SHOWN = 200;
const page = document.documentElement, form = document.getElementById('interroger');
const text = TEXTS[page.lang === 'en' ? 'en' : 'fr'];
const onDisk = location.protocol === 'file:';

const h = (name, set = {}, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(set)) {
    if (value === undefined) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (key in element && typeof value !== 'string') element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...children.filter(child => child !== null && child !== undefined));
  return element;
};
const labelled = (label, control) => h('label', {}, h('span', {}, label), ' ', control);
const choice = (entries, value, set = {}) => {
  const select = h('select', set, ...entries.map(([key, words]) => new Option(words, key)));
  select.value = value;
  if (select.selectedIndex < 0) select.selectedIndex = 0;
  return select;
};
const code = name => h('code', { translate: 'no' }, name);

const start = () => {
  const tables = JSON.parse(document.getElementById('tables').textContent);
  const known = ['string', 'integer', 'number', 'boolean', 'date', 'datetime'];
  for (const asked of tables) {
    asked.title = text.typeset(asked.title);
    for (const column of asked.columns) {
      column.title = text.typeset(column.title);
      if (!known.includes(column.type)) column.type = 'string';
    }
  }
  const hashState = () => new URLSearchParams(location.hash.includes('=') ? location.hash.slice(1) : '');
  const tableOf = name => tables.find(table => table.name === name) || tables.find(table => table.name === 'disponibilite_mois') || tables[0];
  // What was read is told with each answer, the end of a file that was just chosen included.
  let table, question, answer = null, running = 0, told = { ...counters };
  // Files that the reader chose, and the table that they are of.
  let chosen = { table: null, files: [] };

  // ── Where the files are
  const partsOf = ({ files }) => files.filter(file => file.part).sort((a, b) => a.part < b.part ? -1 : 1);
  const filesOf = () => {
    const parts = partsOf(table);
    return parts.length ? parts.filter(({ part }) => part >= question.from && part <= question.to) : table.files;
  };
  const root = page.dataset.root || '', { version } = page.dataset;
  // The same bytes stand one level below the store's root, under latest/, and two levels below it.
  const store = root + (location.pathname.includes(version ? `/versions/${version}/` : '/versions/') ? '../../' : '../');
  const urlOf = ({ path, data }) => new URL(path ? root + path : store + data, document.baseURI).href;
  const sources = () => {
    if (chosen.table === table.name) return chosen.files.map(file => ({ name: file.name, file }));
    if (onDisk) throw new Refusal('choose', filesOf().map(file => file.name).join(text.or));
    return filesOf().map(file => ({ name: file.name, url: urlOf(file), bytes: file.bytes }));
  };

  // ── Controls
  const columnOf = name => table.columns.find(column => column.name === name);
  const titled = ({ name, title }) => [name, title ? `${name} · ${title}` : name];
  const places = Object.fromEntries(['table', 'columns', 'filters', 'group', 'sort'].map(name => [name, h('fieldset', { class: `ask-${name}` })]));
  const fileInput = h('input', { type: 'file', accept: '.parquet', multiple: true, onchange: () => choose([...fileInput.files]) });
  const fileHint = h('p', { class: 'quiet', id: 'fichiers-aide' });
  const fileBox = h('div', { class: 'fichiers', hidden: !onDisk }, labelled(text.file, fileInput), fileHint);
  fileInput.setAttribute('aria-describedby', fileHint.id);

  const normal = () => {
    const parts = partsOf(table).map(({ part }) => part), newest = parts[parts.length - 1] || '';
    // Without a word on it, the newest part: a first answer should cost little.
    if (!parts.includes(question.from)) question.from = question.to = newest;
    if (!parts.includes(question.to) || question.to < question.from) question.to = question.from;
  };

  // A list that is under the keyboard is never made anew: letters typed into it find its entries.
  const refill = (select, entries, value) => {
    select.replaceChildren(...entries.map(([key, words]) => new Option(words, key)));
    select.value = value;
  };

  const tableSelect = h('select', { onchange: () => use(fromHash(new URLSearchParams(), tableOf(tableSelect.value))) });
  const bounds = ['from', 'to'].map(key => h('select', { onchange: event => {
    question[key] = event.target.value;
    if (question.from > question.to) question[key === 'from' ? 'to' : 'from'] = question[key];
    bounds.forEach((select, at) => { select.value = question[at ? 'to' : 'from']; });
    drawHint();
  } }));
  const boundBoxes = bounds.map((select, at) => labelled(at ? text.to : text.from, select));
  places.table.append(h('legend', {}, text.tableLegend), h('div', { class: 'controls' }, labelled(text.table, tableSelect), ...boundBoxes), fileBox);

  const drawHint = () => {
    // Long lists of names help nobody: with many parts, the first ones show how the others are called.
    const names = filesOf().slice(0, 3).map(({ path, data, name }) => path || data || name);
    fileHint.textContent = chosen.table === table.name ? text.chosen(chosen.files.map(({ name }) => name).join(', '))
      : onDisk && names.length ? text.hint(names.join(text.or)) : text.otherHint;
  };
  const drawTable = () => {
    const entries = partsOf(table).map(({ part, rows }) => [part, `${part} (${text.rows(rows)})`]);
    if (tableSelect.length !== tables.length) refill(tableSelect, tables.map(({ name, title }) => [name, `${name} · ${title}`]), table.name);
    tableSelect.value = table.name;
    bounds.forEach((select, at) => refill(select, entries, question[at ? 'to' : 'from']));
    boundBoxes.forEach(box => { box.hidden = entries.length < 2 || chosen.table === table.name; });
    drawHint();
  };

  const drawColumns = () => {
    const summary = h('summary'), told = () => { summary.textContent = text.columns(question.columns.length, table.columns.length); };
    const boxes = table.columns.map(({ name, title }) => h('label', {}, h('input', {
      type: 'checkbox', value: name, checked: question.columns.includes(name),
      onchange: () => pick(table.columns.map(column => column.name).filter((_, at) => boxes[at].control.checked)),
    }), ' ', code(name), title ? ` ${title}` : ''));
    const pick = names => {
      question.columns = names;
      table.columns.forEach((column, at) => { boxes[at].control.checked = names.includes(column.name); });
      told();
      drawSort();
    };
    const open = places.columns.querySelector('details[open]') !== null;
    told();
    places.columns.replaceChildren(h('legend', {}, text.columnsLegend),
      h('details', { open }, summary,
        h('p', {}, h('button', { type: 'button', onclick: () => pick(usual(table)) }, text.usual), ' ',
          h('button', { type: 'button', onclick: () => pick(table.columns.map(({ name }) => name)) }, text.allColumns)),
        h('div', { class: 'choices' }, ...boxes)));
  };

  // One line of the filters; the question holds the same list as it stands.
  const filterRow = filter => {
    const column = choice(table.columns.map(titled), filter[0]), operator = h('select');
    const value = h('input', { type: 'text', autocomplete: 'off', spellcheck: false, 'data-key': 'value' }), valueBox = labelled(text.value, value);
    const remove = h('button', { type: 'button' }, '×');
    const row = h('div', { role: 'group', class: 'controls filter' }, labelled(text.column, column), labelled(text.operator, operator), valueBox, remove);
    const fit = () => {
      const offered = operators(columnOf(filter[0]).type);
      if (!offered.includes(filter[1])) [filter[1]] = offered;
      refill(operator, offered.map(key => [key, text.operators[key]]), filter[1]);
      valueBox.hidden = valueless(filter[1]);
      value.placeholder = { date: '2019-05-21', datetime: '2019-05-21T08:00:00Z', boolean: 'true' }[columnOf(filter[0]).type] || '';
    };
    value.value = filter[2];
    column.addEventListener('change', () => {
      filter[0] = column.value;
      fit();
    });
    operator.addEventListener('change', () => {
      filter[1] = operator.value;
      fit();
    });
    value.addEventListener('input', () => {
      filter[2] = value.value;
      value.removeAttribute('aria-invalid');
    });
    remove.addEventListener('click', () => {
      question.filters.splice(question.filters.indexOf(filter), 1);
      row.remove();
      numbered();
      addFilter.focus();
    });
    fit();
    return row;
  };
  const filterRows = h('div'), addFilter = h('button', { type: 'button', onclick: () => {
    const filter = [table.columns[0].name, '', ''];
    question.filters.push(filter);
    filterRows.append(filterRow(filter));
    numbered();
    filterRows.lastChild.querySelector('select').focus();
  } }, text.add);
  const numbered = () => [...filterRows.children].forEach((row, at) => {
    row.setAttribute('aria-label', text.filter(at + 1));
    row.lastChild.setAttribute('aria-label', text.remove(at + 1));
  });
  places.filters.append(h('legend', {}, text.filters), filterRows, h('p', {}, addFilter), h('p', { class: 'quiet' }, text.filtersHint));
  const drawFilters = () => {
    filterRows.replaceChildren(...question.filters.map(filterRow));
    numbered();
  };

  const by = [0, 1].map(() => h('select')), of = h('select'), compute = h('select'), byBox = labelled(text.andBy, by[1]);
  const rateHint = h('p', { class: 'quiet', role: 'status' });
  places.group.append(h('legend', {}, text.group),
    h('div', { class: 'controls' }, labelled(text.groupBy, by[0]), byBox, labelled(text.compute, compute), labelled(text.of, of)),
    h('p', { class: 'quiet' }, text.groupHint), rateHint);
  const fitGroup = () => {
    byBox.hidden = !by[0].value;
    question.by = [by[0].value, byBox.hidden ? '' : by[1].value].filter((name, at, all) => name && all.indexOf(name) === at);
    const type = of.value ? columnOf(of.value).type : '', offered = type ? functions(type) : [''];
    question.of = of.value;
    if (!offered.includes(question.compute)) [question.compute] = offered;
    refill(compute, offered.map(key => [key, text.functions[key]]), question.compute);
    rateHint.textContent = type === 'number' ? text.rateHint : '';
    drawSort();
  };
  [...by, of].forEach(select => select.addEventListener('change', fitGroup));
  compute.addEventListener('change', () => {
    question.compute = compute.value;
    drawSort();
  });
  const drawGroup = () => {
    const entries = [['', text.nothing], ...table.columns.map(titled)];
    by.forEach((select, at) => refill(select, entries, question.by[at] || ''));
    refill(of, entries.filter(([name]) => !name || functions(columnOf(name).type).length), question.of);
    fitGroup();
  };

  const sortSelect = h('select', { onchange: () => { question.sort = sortSelect.value; } });
  const order = choice([['', text.up], ['desc', text.down]], '', { onchange: () => { question.down = order.value === 'desc'; } });
  places.sort.append(h('legend', {}, text.sort), h('div', { class: 'controls' }, labelled(text.sortBy, sortSelect), labelled(text.order, order)));
  const drawSort = () => {
    const columns = answerColumns(question);
    if (!columns.includes(question.sort)) question.sort = '';
    refill(sortSelect, [['', text.asRead], ...columns.map(name => [name, name])], question.sort);
    order.value = question.down ? 'desc' : '';
  };

  const use = asked => {
    question = asked;
    table = tableOf(question.table);
    normal();
    drawTable();
    drawColumns();
    drawFilters();
    drawGroup();
  };

  // A published file is known by its name, whatever a browser added to it (« x (1).parquet »); any other by what it holds.
  const choose = async files => {
    if (!files.length) return;
    warn('');
    const bare = name => name.replace(/ ?\(\d+\)(?=\.parquet$)/, '');
    const name = bare(files[0].name);
    let found = tables.find(({ files: own }) => own.some(file => file.name === name))
      || [...tables].sort((a, b) => b.name.length - a.name.length).find(({ name: own }) => name === `${own}.parquet` || name.startsWith(`${own}-`));
    try {
      const { columns } = await open({ name: files[0].name, file: files[0] });
      if (!found) {
        found = { name: name.replace(/\.parquet$/, ''), title: text.unknown(name), files: [], columns, by: [] };
        tables.push(found);
      }
      const same = table === found;
      chosen = { table: found.name, files };
      if (same && tableSelect.length === tables.length) drawTable();
      else use(fromHash(hashState().get('table') === found.name ? hashState() : new URLSearchParams(), found));
      fileInput.focus();
    } catch (error) {
      // What cannot be read is not chosen: the next answer is of no file that only seems to be named.
      chosen = { table: null, files: [] };
      fileInput.value = '';
      drawTable();
      tell(error);
    }
  };

  // ── Answer
  const status = h('p', { role: 'status' }), alert = h('div', { role: 'alert', hidden: true });
  const warn = words => {
    alert.textContent = words;
    alert.hidden = !words;
  };
  const shown = h('div', { class: 'answer' });

  const tell = error => {
    const about = error instanceof Refusal ? error : new Refusal('other', error.message);
    warn(text.errors[about.kind](...about.about));
    status.textContent = '';
    shown.replaceChildren();
    if (about.at !== undefined) {
      const field = places.filters.querySelectorAll('.filter')[about.at].querySelector('[data-key=value]');
      field.setAttribute('aria-invalid', 'true');
      field.focus();
    }
    // Where a server fails, a file that was downloaded may still be read.
    if (['missing', 'answer', 'network', 'ranges'].includes(about.kind)) fileBox.hidden = false;
  };

  const cell = (value, type) => {
    if (value === null) return '';
    if (type === 'integer' && typeof value === 'number') return text.number(value);
    if (typeof value !== 'number') return String(value);
    return String(Number(value.toPrecision(6))).replace('.', text.decimal);
  };
  const typeOf = name => {
    const column = columnOf(name) || columnOf(question.of);
    return name === COUNT ? 'integer' : column ? column.type : 'string';
  };

  const save = () => {
    const { columns, rows } = answer, simulated = document.querySelector('.simulated') ? '-donnees-simulees' : '';
    const link = h('a', { href: URL.createObjectURL(new Blob([csv(columns, rows)], { type: 'text/csv;charset=utf-8' })), download: `${answer.name}-reponse${simulated}.csv` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  };

  const draw = line => {
    const { columns, rows } = answer, types = columns.map(typeOf);
    const numeric = types.map(type => type === 'integer' || type === 'number' ? 'n' : undefined);
    const caption = h('caption', { id: 'reponse-titre' }, text.caption(table.title || table.name, Math.min(SHOWN, rows.length), rows.length));
    const head = h('tr', {}, ...columns.map((name, at) => h('th', { scope: 'col', class: numeric[at], ...columnOf(name) && columnOf(name).title && { title: columnOf(name).title } }, code(name))));
    const body = rows.slice(0, SHOWN).map(row => h('tr', {}, ...row.map((value, at) => h(at ? 'td' : 'th', { class: numeric[at], ...at ? {} : { scope: 'row' } }, cell(value, types[at])))));
    const told = h('span', { role: 'status', class: 'told' }), sqlCode = h('code', {}, line);
    const copy = h('button', { type: 'button', onclick: async () => {
      try {
        await navigator.clipboard.writeText(line);
        told.textContent = text.copied;
      } catch {
        getSelection().selectAllChildren(sqlCode);
        told.textContent = text.selected;
      }
    } }, text.copy);
    shown.replaceChildren(
      h('h2', {}, text.answer),
      // A box that scrolls must be reached by the keyboard.
      h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-labelledby': caption.id }, h('table', {}, caption, h('thead', {}, head), h('tbody', {}, ...body))),
      h('p', {}, h('button', { type: 'button', onclick: save }, text.csv)),
      h('h3', {}, text.sqlTitle), h('pre', { class: 'scroll', tabindex: '0', translate: 'no' }, sqlCode), h('p', {}, copy, ' ', told));
  };

  const ask = async () => {
    // An answer that comes after the next question was asked is dropped.
    const run = running += 1, now = JSON.parse(JSON.stringify(question));
    warn('');
    try {
      if (!isGrouped(now) && !now.columns.length) throw new Refusal('none');
      const all = conditions(now, columnOf), from = sources(), filter = pushed(all), matches = kept(all);
      const columns = readColumns(now, all), gathered = gathering(now);
      if (!columns.length) columns.push(table.columns[0].name);
      history.replaceState(null, '', toHash(now, table));
      for (const [at, source] of from.entries()) {
        status.textContent = text.reading(at + 1, from.length);
        if (!isGrouped(now) && !all.length && Number((await open(source)).metadata.num_rows) > MOST) throw new Refusal('many', MOST);
        for await (const rows of groups(source, columns, filter)) {
          if (run !== running) return;
          for (const row of rows) if (matches(row)) gathered.take(row);
        }
      }
      if (run !== running) return;
      const names = answerColumns(now);
      answer = { name: table.name, columns: names, rows: sorted(gathered.rows(), names.indexOf(now.sort), now.down) };
      status.textContent = text.read(answer.rows.length, counters.requests - told.requests, counters.bytes - told.bytes, Boolean(from[0] && from[0].file));
      told = { ...counters };
      draw(sql(now, all, from.map(({ url, name }) => url || name)));
    } catch (error) {
      if (run === running) tell(error);
    }
  };

  form.addEventListener('submit', event => {
    event.preventDefault();
    ask();
  });
  form.append(...Object.values(places), h('p', {}, h('button', { type: 'submit', class: 'main' }, text.ask)), status, alert);
  form.after(shown);
  const restore = () => {
    const state = hashState();
    use(fromHash(state, tableOf(state.get('table'))));
    // An address that holds a question is answered at once, where no file must be chosen first.
    if (state.has('table') && !onDisk) ask();
  };
  form.hidden = false;
  restore();
  addEventListener('hashchange', () => { if (!location.hash || location.hash.includes('=')) restore(); });
};
if (form) start();
