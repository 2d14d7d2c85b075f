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
  const hashState = () => new URLSearchParams(location.hash.includes('=') ? location.hash.slice(1) : '');
  const tableOf = name => tables.find(table => table.name === name) || tables.find(table => table.name === 'disponibilite_mois') || tables[0];
  let table, question, answer = null, running = 0;
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
  const places = Object.fromEntries(['table', 'columns', 'filters', 'group', 'sort'].map(name => [name, h('fieldset', { class: name })]));
  const fileInput = h('input', { type: 'file', accept: '.parquet', multiple: true, onchange: () => choose([...fileInput.files]) });
  const fileHint = h('p', { class: 'hint', id: 'fichiers-aide' });
  const fileBox = h('div', { class: 'fichiers', hidden: !onDisk }, labelled(text.file, fileInput), fileHint);
  fileInput.setAttribute('aria-describedby', fileHint.id);

  const normal = () => {
    const parts = partsOf(table).map(({ part }) => part), newest = parts[parts.length - 1] || '';
    // Without a word on it, the newest part: a first answer should cost little.
    if (!parts.includes(question.from)) question.from = question.to = newest;
    if (!parts.includes(question.to) || question.to < question.from) question.to = question.from;
  };

  const drawTable = () => {
    const parts = partsOf(table), own = chosen.table === table.name;
    const select = choice(tables.map(({ name, title }) => [name, `${name} · ${title}`]), table.name, {
      onchange: () => {
        use(fromHash(new URLSearchParams(), tableOf(select.value)));
        places.table.querySelector('select').focus();
      },
    });
    const entries = parts.map(({ part, rows }) => [part, `${part} (${text.rows(rows)})`]);
    const bound = (key, label) => labelled(label, choice(entries, question[key], {
      onchange: event => {
        question[key] = event.target.value;
        if (question.from > question.to) question[key === 'from' ? 'to' : 'from'] = question[key];
        drawTable();
        places.table.querySelector(`[data-key=${key}]`).focus();
      },
      'data-key': key,
    }));
    places.table.replaceChildren(h('legend', {}, text.tableLegend), labelled(text.table, select),
      ...parts.length > 1 && !own ? [h('span', { class: 'parts' }, bound('from', text.from), ' ', bound('to', text.to))] : [], fileBox);
    // Long lists of names help nobody: with many parts, the first one chosen shows how the others are called.
    const names = filesOf().slice(0, 3).map(({ path, data, name }) => path || data || name);
    fileHint.textContent = own ? text.chosen(chosen.files.map(({ name }) => name).join(', ')) : onDisk && names.length ? text.hint(names.join(text.or)) : text.otherHint;
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
    places.columns.replaceChildren(h('legend', { class: 'visually-hidden' }, text.columns(question.columns.length, table.columns.length)),
      h('details', { open }, summary,
        h('p', {}, h('button', { type: 'button', onclick: () => pick(usual(table)) }, text.usual), ' ',
          h('button', { type: 'button', onclick: () => pick(table.columns.map(({ name }) => name)) }, text.allColumns)),
        h('div', { class: 'choices' }, ...boxes)));
  };

  const drawFilters = focus => {
    const rows = question.filters.map((filter, at) => {
      const [name, operator, words] = filter, { type } = columnOf(name);
      const draw = (changes, key) => {
        Object.assign(filter, changes);
        const fit = operators(columnOf(filter[0]).type);
        if (!fit.includes(filter[1])) filter[1] = fit[0];
        drawFilters([at, key]);
      };
      const value = h('input', {
        type: type === 'date' ? 'date' : 'text', value: words, autocomplete: 'off', spellcheck: false, 'data-key': 'value',
        oninput: event => {
          filter[2] = event.target.value;
          event.target.removeAttribute('aria-invalid');
        },
      });
      // A field for one date cannot hold a list.
      if (type === 'date' && words && !/^\d{4}-\d\d-\d\d$/.test(words)) value.type = 'text';
      value.value = words;
      return h('div', { role: 'group', class: 'filter', 'aria-label': text.filter(at + 1) },
        labelled(text.column, choice(table.columns.map(titled), name, { onchange: event => draw([event.target.value], 'column'), 'data-key': 'column' })), ' ',
        labelled(text.operator, choice(operators(type).map(key => [key, text.operators[key]]), operator, { onchange: event => draw({ 1: event.target.value }, 'operator'), 'data-key': 'operator' })), ' ',
        valueless(operator) ? null : labelled(text.value, value), ' ',
        h('button', { type: 'button', 'aria-label': text.remove(at + 1), onclick: () => {
          question.filters.splice(at, 1);
          drawFilters('add');
        } }, '×'));
    });
    const add = h('button', { type: 'button', onclick: () => {
      question.filters.push([table.columns[0].name, operators(table.columns[0].type)[0], '']);
      drawFilters([question.filters.length - 1, 'column']);
    } }, text.add);
    places.filters.replaceChildren(h('legend', {}, text.filters), ...rows, h('p', {}, add), h('p', { class: 'hint' }, text.filtersHint));
    // What was under the keyboard before stays under it.
    if (focus === 'add') add.focus();
    else if (focus) rows[focus[0]].querySelector(`[data-key=${focus[1]}]`).focus();
  };

  const drawGroup = focus => {
    const nothing = ['', text.nothing], all = table.columns.map(titled), change = (key, set) => event => {
      set(event.target.value);
      drawGroup(key);
      drawSort();
    };
    const by = at => choice([nothing, ...all], question.by[at] || '', { 'data-key': `by${at}`, onchange: change(`by${at}`, name => {
      const kept = [question.by[0] || '', question.by[1] || ''];
      kept[at] = name;
      question.by = kept.filter((key, i) => key && kept.indexOf(key) === i);
    }) });
    const figures = table.columns.filter(({ type }) => functions(type).length);
    const ofType = question.of ? columnOf(question.of).type : '';
    // The column first: which functions are offered depends on it.
    const of = choice([nothing, ...figures.map(titled)], question.of, { 'data-key': 'of', onchange: change('of', name => {
      const fit = name ? functions(columnOf(name).type) : [];
      question.of = name;
      question.compute = fit.includes(question.compute) ? question.compute : fit[0] || '';
    }) });
    const compute = choice((ofType ? functions(ofType) : ['']).map(key => [key, text.functions[key]]), question.compute, { 'data-key': 'compute', onchange: change('compute', key => { question.compute = key; }) });
    places.group.replaceChildren(h('legend', {}, text.group), labelled(text.groupBy, by(0)), ' ',
      question.by.length ? labelled(text.andBy, by(1)) : null, ' ',
      labelled(text.compute, compute), ' ', labelled(text.of, of),
      h('p', { class: 'hint' }, text.groupHint), h('p', { class: 'hint', role: 'status' }, ofType === 'number' ? text.rateHint : ''));
    const wanted = focus && places.group.querySelector(`[data-key=${focus}]`);
    if (wanted) wanted.focus();
  };

  const drawSort = () => {
    const columns = answerColumns(question);
    if (!columns.includes(question.sort)) question.sort = '';
    places.sort.replaceChildren(h('legend', {}, text.sort),
      labelled(text.sortBy, choice([['', text.asRead], ...columns.map(name => [name, name])], question.sort, { onchange: event => { question.sort = event.target.value; } })), ' ',
      labelled(text.order, choice([['', text.up], ['desc', text.down]], question.down ? 'desc' : '', { onchange: event => { question.down = event.target.value === 'desc'; } })));
  };

  const use = asked => {
    question = asked;
    table = tableOf(question.table);
    normal();
    drawTable();
    drawColumns();
    drawFilters();
    drawGroup();
    drawSort();
  };

  // A published file is known by its name, whatever a browser added to it (« x (1).parquet »); any other by what it holds.
  const choose = async files => {
    if (!files.length) return;
    alert.textContent = '';
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
      if (same) drawTable();
      else use(fromHash(hashState().get('table') === found.name ? hashState() : new URLSearchParams(), found));
      fileInput.focus();
    } catch (error) {
      tell(error);
    }
  };

  // ── Answer
  const status = h('p', { role: 'status' }), alert = h('div', { role: 'alert' });
  const shown = h('div', { class: 'answer' });

  const tell = error => {
    const about = error instanceof Refusal ? error : new Refusal('other', error.message);
    alert.textContent = text.errors[about.kind](...about.about);
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
    const { columns, rows } = answer, simulated = 'simulated' in form.dataset ? '-donnees-simulees' : '';
    const link = h('a', { href: URL.createObjectURL(new Blob([csv(columns, rows)], { type: 'text/csv;charset=utf-8' })), download: `${answer.name}-reponse${simulated}.csv` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  };

  const draw = line => {
    const { columns, rows } = answer, types = columns.map(typeOf);
    const numeric = types.map(type => type === 'integer' || type === 'number' ? 'nombre' : '');
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
    const run = running += 1, now = JSON.parse(JSON.stringify(question)), before = { ...counters };
    alert.textContent = '';
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
      status.textContent = text.read(answer.rows.length, counters.requests - before.requests, counters.bytes - before.bytes, Boolean(from[0] && from[0].file));
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
  restore();
  addEventListener('hashchange', () => { if (!location.hash || location.hash.includes('=')) restore(); });
  form.hidden = false;
};
if (form) start();
