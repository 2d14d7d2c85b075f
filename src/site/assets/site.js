// Tables, the map, pictures to take away and the state of the version. Each page reads without this script.
(() => {
  'use strict';
  const page = document.documentElement, english = page.lang === 'en';
  const TEXTS = {
    fr: {
      unit: ['service', 'services'], of: (n, all, unit) => n === all ? `${n} ${unit}` : `${n} ${unit} sur ${all}`,
      check: 'Cochez deux lignes pour savoir si leurs intervalles se recoupent.', checkLess: 'Ne gardez que deux lignes cochées.',
      pair: (a, b) => `«\u00a0${a}\u00a0» et «\u00a0${b}\u00a0». `, apart: 'Les intervalles ne se recoupent pas.',
      overlap: 'Les intervalles se recoupent\u00a0: on ne peut pas dire lequel est le plus haut.',
      noInterval: 'Aucun des deux n’a d’intervalle. ', oneInterval: 'L’un des deux n’a pas d’intervalle. ',
      noRate: 'L’un des deux, au moins, n’a pas de taux\u00a0: rien ne permet de les comparer.',
      boundsApart: 'Mais leurs bornes ne se recoupent pas\u00a0: ce qui est resté sans réponse n’explique pas l’écart\u00a0; ce qu’y peut le hasard n’est pas connu.',
      boundsOverlap: 'Leurs bornes se recoupent\u00a0: rien ne permet de les comparer.',
      noBounds: 'Sans bornes non plus, rien ne permet de les comparer.',
      open: 'en cours', percent: '\u00a0%', less: 'moins de ', more: 'plus de ',
      download: 'Télécharger\u00a0: ', embed: 'Intégrer', code: 'Code à copier dans une page', codeCopied: 'Code copié.',
      failed: 'Cette image n’a pas pu être faite.', whole: 'Voir la page entière',
      copied: 'Copié', select: 'Texte choisi\u00a0: copiez-le par Ctrl + C.', see: 'Voir la version courante.',
      other: v => `Une autre version est courante\u00a0: ${v}.`,
      stale: d => `Ces données ne sont plus à jour\u00a0: une nouvelle version était attendue avant le ${d}.`,
      retracted: why => `Cette version a été retirée\u00a0: ne l’utilisez plus.${why && ` Motif\u00a0: ${why}`}`,
    },
    en: {
      unit: ['service', 'services'], of: (n, all, unit) => n === all ? `${n} ${unit}` : `${n} of ${all} ${unit}`,
      check: 'Check two rows to know whether their intervals overlap.', checkLess: 'Keep only two rows checked.',
      pair: (a, b) => `“${a}” and “${b}”. `, apart: 'The intervals do not overlap.',
      overlap: 'The intervals overlap: which one is higher cannot be told.',
      noInterval: 'Neither has an interval. ', oneInterval: 'One of the two has no interval. ',
      noRate: 'One of the two at least has no rate: nothing allows them to be compared.',
      boundsApart: 'But their bounds do not overlap: what stayed without an answer does not explain the difference; what chance may do to it is not known.',
      boundsOverlap: 'Their bounds overlap: nothing allows them to be compared.',
      noBounds: 'Without bounds either, nothing allows them to be compared.',
      open: 'not over yet', percent: '%', less: 'less than ', more: 'more than ',
      download: 'Download: ', embed: 'Embed', code: 'Code to paste into a page', codeCopied: 'Code copied.',
      failed: 'This picture could not be made.', whole: 'See the whole page',
      copied: 'Copied', select: 'Text selected: copy it with Ctrl + C.', see: 'See the current version.',
      other: v => `Another version is current: ${v}.`,
      stale: d => `These data are no longer fresh: a new version was due before ${d}.`,
      retracted: why => `This version has been retracted: do not use it.${why && ` Reason: ${why}`}`,
    },
  };
  const text = TEXTS[english ? 'en' : 'fr'];
  // What comes out of data and attributes was typed plainly; what stands in the page's text has these signs already.
  const typeset = (words = '') => english ? words : words.replace(/'/g, '’').replace(/« /g, '«\u00a0').replace(/ (?=[:%»])/g, '\u00a0').replace(/ (?=[;!?])/g, '\u202f');
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const make = (name, set = {}, ...children) => {
    const element = Object.assign(document.createElement(name), set);
    element.append(...children);
    return element;
  };
  // Only plain white space: the narrow spaces of French typography stand where they must.
  const said = element => element.textContent.replace(/[ \t\r\n]+/g, ' ').trim();

  // ── State in the address, after #: an address can be sent. A fragment without « = » is an anchor, not a state.
  const address = () => location.hash.includes('=') ? new URLSearchParams(location.hash.slice(1)) : new URLSearchParams();
  const remember = changes => {
    const state = address();
    for (const [key, value] of Object.entries(changes)) value ? state.set(key, value) : state.delete(key);
    history.replaceState(null, '', String(state) ? `#${state}` : location.pathname + location.search);
  };
  const restoring = restore => {
    restore();
    addEventListener('hashchange', () => { if (!location.hash || location.hash.includes('=')) restore(); });
  };

  // ── Tables: sorted by a button in each heading, filtered by a form
  // « val imaginaire » finds « Val-Imaginaire », and « epinay » finds « Épinay ».
  const folded = words => words.normalize('NFD').replace(/[\u0300-\u036f]/g, '').toLowerCase()
    .replace(/œ/g, 'oe').replace(/[\s’'-]+/g, ' ').trim();

  const sortable = (table, at) => {
    const body = table.tBodies[0], rows = [...body.rows], prefix = at ? `${table.id || at}.` : '';
    const form = one(`form[data-for="${table.id}"]`), status = one(`p[role=status][data-for="${table.id}"]`);
    const selects = form ? all('select[name]', form) : [];
    const heads = all('th[data-type]', table.tHead), collator = new Intl.Collator(page.lang, { numeric: true });
    const found = rows.map(row => folded(`${said(row)} ${row.dataset.cherche || ''}`)), written = heads.map(th => th.getAttribute('aria-sort'));
    const unit = table.dataset.unit ? table.dataset.unit.split('|') : text.unit;

    const filter = () => {
      const words = form && form.q ? folded(form.q.value).split(' ') : [];
      let shown = 0;
      rows.forEach((row, i) => {
        row.hidden = !words.every(word => found[i].includes(word))
          || selects.some(select => select.value && row.dataset[select.name] !== select.value);
        shown += !row.hidden;
      });
      const several = english ? rows.length !== 1 : shown > 1;
      if (status) status.textContent = text.of(shown, rows.length, unit[+several]);
    };
    const sort = (column, down) => {
      const head = heads.find(th => th.cellIndex === column), number = head && head.dataset.type === 'number';
      const key = row => {
        const cell = row.cells[column], value = cell && ('v' in cell.dataset ? cell.dataset.v : said(cell));
        return value ? (number ? +value : value) : null;
      };
      const order = rows.map(row => [row, head ? key(row) : null]);
      // Nothing known stands last in both directions: it is neither the least nor the most.
      order.sort(([, a], [, b]) => a === null || b === null ? (a === null) - (b === null)
        : (down ? -1 : 1) * (number ? a - b : collator.compare(a, b)));
      body.append(...order.map(([row]) => row));
      heads.forEach((th, i) => {
        const value = head ? (th === head ? (down ? 'descending' : 'ascending') : null) : written[i];
        value ? th.setAttribute('aria-sort', value) : th.removeAttribute('aria-sort');
      });
    };
    heads.forEach(head => {
      const button = make('button', { type: 'button' }, ...head.childNodes);
      head.append(button);
      button.addEventListener('click', () => {
        const now = head.getAttribute('aria-sort');
        // Of numbers, the highest are asked for first.
        const down = now ? now === 'ascending' : head.dataset.type === 'number';
        sort(head.cellIndex, down);
        remember({ [`${prefix}tri`]: String(head.cellIndex), [`${prefix}sens`]: down ? 'desc' : 'asc' });
      });
    });
    if (form) {
      let waiting;
      const changed = () => {
        filter();
        const fields = [form.q, ...selects].filter(Boolean);
        remember(Object.fromEntries(fields.map(field => [prefix + field.name, field.value])));
      };
      form.hidden = false;
      form.addEventListener('submit', event => event.preventDefault());
      form.addEventListener('reset', () => setTimeout(changed));
      // One count is announced once the word is typed, not one for each letter.
      form.addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(changed, 200); });
    }
    restoring(() => {
      const state = address();
      if (form && form.q) form.q.value = state.get(`${prefix}q`) || '';
      selects.forEach(select => {
        select.value = state.get(prefix + select.name) || '';
        if (select.selectedIndex < 0) select.value = '';
      });
      filter();
      sort(state.has(`${prefix}tri`) ? +state.get(`${prefix}tri`) : -1, state.get(`${prefix}sens`) === 'desc');
    });

    const told = one(`[data-overlap="${table.id}"]`);
    if (!told) return;
    all('.enhanced', table).forEach(element => { element.hidden = false; });
    const tell = () => {
      const checked = all('input[name=compare]:checked', table).map(input => input.closest('tr'));
      const words = () => {
        const [a, b] = checked.map(({ dataset }) => dataset), both = [a, b];
        const meet = (low, high) => +a[low] <= +b[high] && +b[low] <= +a[high];
        const known = (low, high) => both.filter(one => one[low] && one[high]).length, intervals = known('bas', 'haut');
        // Chance is judged by intervals alone; where one is missing, bounds still tell what ignorance allows.
        const bounds = () => known('borneBasse', 'borneHaute') < 2 ? text.noBounds
          : meet('borneBasse', 'borneHaute') ? text.boundsOverlap : text.boundsApart;
        const verdict = both.some(one => !('taux' in one)) ? text.noRate
          : intervals === 2 ? (meet('bas', 'haut') ? text.overlap : text.apart)
          : (intervals ? text.oneInterval : text.noInterval) + bounds();
        return text.pair(typeset(a.label), typeset(b.label)) + verdict;
      };
      told.textContent = checked.length === 2 ? words() : checked.length > 2 ? text.checkLess : text.check;
    };
    told.setAttribute('role', 'status');
    told.hidden = false;
    table.addEventListener('change', tell);
    tell();
  };
  all('table.sortable').forEach(sortable);

  // ── Map: one procedure and one month at a time
  const map = figure => {
    // The values stand in a script of their own: a page that was opened from a folder may read nothing else.
    const data = { ...JSON.parse(one('#carte-donnees').textContent), ...window.guichetsCarte }, control = name => one(`[data-map=${name}]`, figure);
    data.etats = data.etats.map(typeset);
    data.reserves = data.reserves.map(typeset);
    data.demarches.forEach(demarche => { demarche.titre = typeset(demarche.titre); });
    const [select, range, title, detail] = ['demarche', 'mois', 'titre', 'detail'].map(control);
    const shapes = all('svg [data-code]', figure), rows = all('tr[data-code]', figure), last = data.mois.length - 1;
    // What fills the map may be named beside what fills the swatch: each drawing has its own hatches.
    const swatch = (name, reserved) => {
      const mark = one(`.legende [data-class="${name}"]`, figure);
      return mark ? (reserved && mark.dataset.reserve) || mark.dataset.fill || mark.getAttribute('fill') : '#fff';
    };
    const named = new Intl.DateTimeFormat(english ? 'en-GB' : 'fr-FR', { month: 'long', year: 'numeric', timeZone: 'UTC' });
    all('.legende [data-class]', figure).forEach(mark => {
      mark.dataset.words = data.etats[data.classes.indexOf(mark.dataset.class)] || '';
    });
    const at = Object.fromEntries(data.codes.map((code, i) => [code, i])), base = figure.dataset.name;
    // Shown until something is asked: what the page was written with, whatever a browser kept of the controls.
    const first = { id: data.demarches[0].id, month: last };
    if (select) {
      if (!select.options.length) select.append(...data.demarches.map(({ id, titre }) => new Option(titre, id)));
      first.id = (all('option[selected]', select)[0] || select.options[0]).value;
    }
    if (range) {
      range.min = 0;
      range.max = last;
      if (range.defaultValue) first.month = +range.defaultValue;
    }
    let { id, month } = first;

    const rate = permille => {
      if (permille === null || permille === undefined) return '';
      const near = permille > 0 && permille < 0.5 ? [text.less, 0.1] : permille >= 999.5 && permille < 1000 ? [text.more, 99.9] : ['', permille / 10];
      return near[0] + near[1].toFixed(1).replace('.', english ? '.' : ',') + text.percent;
    };
    const read = code => {
      const digit = ((data.valeurs[id] || [])[month] || '')[at[code]], known = parseInt(digit, 36);
      // Where there is no row, nobody looked.
      const i = data.classes[known] ? known : data.classes.indexOf('pas_mesure');
      const permille = ((data.taux[id] || [])[month] || [])[at[code]];
      const reserve = data.reserves[parseInt(((data.reserves_de[id] || [])[month] || '')[at[code]], 36)] || '';
      return { name: data.classes[i], words: data.etats[i] + reserve, reserved: Boolean(reserve), permille, rate: rate(permille) };
    };
    let touched = false;
    const paint = () => {
      const fills = {};
      shapes.forEach(shape => {
        const { name, reserved } = read(shape.dataset.code), fill = name + (reserved ? '+' : '');
        shape.setAttribute('class', `zone ${name}`);
        // An attribute and not a rule of the style sheet: the picture that is taken away must stand alone.
        shape.setAttribute('fill', fills[fill] = fills[fill] || swatch(name, reserved));
      });
      rows.forEach(row => {
        const { words, permille, rate: share } = read(row.dataset.code);
        all('[data-map=etat]', row).forEach(cell => { cell.textContent = words; });
        all('[data-map=taux]', row).forEach(cell => {
          cell.textContent = share;
          cell.dataset.v = share && String(permille / 1000);
        });
      });
    };
    const show = () => {
      // The page was written with its first view: that one stands as it is until another was asked for.
      touched = touched || id !== first.id || month !== first.month;
      if (touched) paint();
      const asked = data.demarches.find(demarche => demarche.id === id), day = data.mois[month];
      const words = named.format(new Date(`${day}-01T00:00:00Z`)) + (day === data.mois_ouvert ? `, ${text.open}` : '');
      if (title) title.textContent = `${asked.titre}, ${words}`;
      if (detail) detail.textContent = '';
      if (select) select.value = id;
      if (range) {
        range.value = month;
        range.setAttribute('aria-valuetext', words);
      }
      // Not « disabled »: a button that stops under the finger would lose the focus.
      [['precedent', 0], ['suivant', last]].forEach(([name, end]) => {
        const button = control(name);
        if (button) button.setAttribute('aria-disabled', month === end);
      });
      figure.dataset.subject = `${asked.titre}, ${words}`;
      if (base) figure.dataset.name = `${base}-${id}-${day}`;
    };
    const go = (newId, newMonth) => {
      [id, month] = [newId, Math.min(Math.max(newMonth, 0), last)];
      show();
      remember({ demarche: id, mois: data.mois[month] });
    };
    if (select) select.addEventListener('change', () => go(select.value, month));
    if (range) range.addEventListener('input', () => go(id, +range.value));
    [['precedent', -1], ['suivant', 1]].forEach(([name, step]) => {
      const button = control(name);
      if (button) button.addEventListener('click', () => go(id, month + step));
    });
    // A line below the map for those who point at it; the table says the same to everyone.
    if (detail) figure.addEventListener('pointerover', ({ target }) => {
      const { code } = target.dataset, row = target.closest('svg') && code && rows.find(tr => tr.dataset.code === code);
      if (!row) return;
      const { words, rate: share } = read(code);
      detail.textContent = [said(one('th', row)), words, share].filter(Boolean).join(', ');
    });
    all('.controls', figure).forEach(element => { element.hidden = false; });
    restoring(() => {
      const state = address(), asked = state.get('demarche'), day = data.mois.indexOf(state.get('mois'));
      id = data.demarches.some(demarche => demarche.id === asked) ? asked : first.id;
      month = day < 0 ? first.month : day;
      show();
    });
  };
  // Once every script of the page has run, in whatever order they stand.
  addEventListener('DOMContentLoaded', () => {
    if (one('#carte') && one('#carte-donnees') && window.guichetsCarte) map(one('#carte'));
  });

  // ── Figures: pictures and rows that say what they are wherever they go
  const SVG = 'http://www.w3.org/2000/svg';
  const drawn = (name, set, content) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(set)) element.setAttribute(key, value);
    if (content) element.append(content);
    return element;
  };
  // Widths are estimated, on the wide side: no font is measured, so every machine breaks lines alike.
  const width = words => [...words].reduce((sum, letter) =>
    sum + (/[iljtfr.,:;|!’' \u00a0\u202f]/.test(letter) ? 0.36 : /[A-ZÀ-Ý@%mwœ—]/.test(letter) ? 0.84 : 0.62), 0);
  // Addresses may also break after a slash; spaces that do not break keep what they hold together.
  const wrapped = (words, most) => {
    const lines = [''];
    for (const piece of words.match(/[^ /]{1,60}[ /]*|[ /]+/g)) {
      const line = lines[lines.length - 1];
      if (!line || width((line + piece).trimEnd()) <= most) lines[lines.length - 1] = line + piece;
      else lines.push(piece);
    }
    return lines.map(line => line.trimEnd());
  };
  const box = svg => {
    const { x, y, width: w, height: h } = svg.viewBox.baseVal;
    return { x, y, w, h };
  };

  const headline = figure => typeset(figure.dataset.title) || (one('figcaption', figure) ? said(one('figcaption', figure)) : '');

  const picture = figure => {
    const { subject, simulated, note, source } = figure.dataset, title = headline(figure);
    const drawings = all('svg', figure).filter(svg => !svg.parentElement.closest('svg, .controls, .legende'));
    const main = box(drawings[0]), wide = main.w, em = Math.max(11, wide / 48), edge = em;
    const seen = drawings.map(svg => svg.getBoundingClientRect().width), root = drawn('svg', { xmlns: SVG });
    let y = edge * 0.6;
    const write = (words, size, set) => {
      if (!words) return;
      wrapped(words, (wide - 2 * edge) / (size * (set['font-weight'] ? 1.14 : 1))).forEach(line => {
        y += size * 1.3;
        root.append(drawn('text', { x: edge, y: y.toFixed(1), 'font-size': size.toFixed(1), fill: '#1b1f24', ...set }, line));
      });
    };
    write(title, em * 1.15, { 'font-weight': 'bold' });
    write(subject, em, {});
    write(typeset(simulated), em * 0.95, { 'font-weight': 'bold', fill: '#8a1c00' });
    y += em * 0.7;
    drawings.forEach((svg, i) => {
      const { x, y: top, w, h } = box(svg), copy = svg.cloneNode(true);
      // A second drawing keeps the size that it has on the page beside the first.
      const across = i ? (seen[0] ? Math.min(wide, wide * seen[i] / seen[0]) : Math.min(wide, w)) : wide;
      ['class', 'role', 'aria-labelledby', 'aria-describedby', 'aria-label', 'style'].forEach(name => copy.removeAttribute(name));
      const set = { x: 0, y: y.toFixed(1), width: across.toFixed(1), height: (h * across / w).toFixed(1), viewBox: `${x} ${top} ${w} ${h}` };
      for (const [key, value] of Object.entries(set)) copy.setAttribute(key, value);
      root.append(copy);
      y += h * across / w + em * 0.3;
    });
    // A legend is written anew, in as many lines as it takes: on the page its words are text beside the swatches.
    let x = edge;
    all('.legende [data-class]', figure).forEach((swatch, i) => {
      const words = swatch.dataset.words || said(swatch.closest('li, tr, p') || swatch), size = em * 0.8;
      const across = (2 + width(words)) * size;
      if (!i || x + across > wide - edge) {
        x = edge;
        y += size * 1.6;
      }
      root.append(drawn('rect', { x: x.toFixed(1), y: (y - size * 0.85).toFixed(1), width: (size * 1.4).toFixed(1), height: size.toFixed(1),
        fill: swatch.getAttribute('fill'), stroke: '#1b1f24', 'stroke-width': (em / 16).toFixed(2) }),
      drawn('text', { x: (x + size * 1.8).toFixed(1), y: y.toFixed(1), 'font-size': size.toFixed(1), fill: '#1b1f24' }, words));
      x += across + size;
    });
    if (x > edge) y += em * 0.6;
    write(typeset(note), em * 0.8, {});
    write(typeset(source), em * 0.72, { fill: '#4b5563' });
    y += edge;
    // Hatches that are defined elsewhere in the page come along.
    const used = new Set([...new XMLSerializer().serializeToString(root).matchAll(/url\(["']?#([^"')]+)/g)].map(([, id]) => id));
    const missing = [...used].filter(id => !one(`#${CSS.escape(id)}`, root)).map(id => document.getElementById(id)).filter(Boolean);
    if (missing.length) {
      const defs = drawn('defs', {});
      defs.append(...missing.map(element => element.cloneNode(true)));
      root.prepend(defs);
    }
    root.prepend(drawn('title', {}, [title, subject].filter(Boolean).join(', ')),
      drawn('rect', { width: wide, height: y.toFixed(1), fill: '#fff' }));
    const set = { viewBox: `0 0 ${wide} ${y.toFixed(1)}`, width: wide, height: y.toFixed(1), role: 'img', color: '#1b1f24',
      'font-family': 'system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif' };
    for (const [key, value] of Object.entries(set)) root.setAttribute(key, value);
    return { source: new XMLSerializer().serializeToString(root), wide, high: y };
  };

  const plain = cell => {
    if (!cell) return '';
    if ('v' in cell.dataset) return cell.dataset.v;
    const words = said(cell), bare = words.replace(/[ \u00a0\u202f]/g, '').replace(/\u2212/g, '-');
    if (english && /^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(bare)) return bare.replace(/,/g, '');
    if (/^-?\d+([.,]\d+)?$/.test(bare)) return bare.replace(',', '.');
    return words;
  };
  const csv = table => {
    const head = [...table.tHead.rows].pop();
    const lines = [[...head.cells].map(th => th.dataset.column || said(th))];
    for (const row of all('tbody tr', table)) {
      // The head of a row is written out; what it is of, the table's own key says.
      const value = (cell, at) => cell.scope === 'row' && row.dataset.key && head.cells[at].dataset.column ? row.dataset.key : plain(cell);
      lines.push([...row.cells].flatMap((cell, at) => [value(cell, at), ...Array(cell.colSpan - 1).fill('')]));
    }
    return lines.map(line => line.map(value => /[",\r\n]/.test(value) ? `"${value.replace(/"/g, '""')}"` : value).join(',') + '\r\n').join('');
  };
  const save = (blob, name) => {
    const link = make('a', { href: URL.createObjectURL(blob), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  };
  const copy = async words => {
    try {
      await navigator.clipboard.writeText(words);
      return true;
    } catch {
      return false;
    }
  };

  const tools = figure => {
    const place = one('.tools', figure), table = one('details table', figure) || one('table', figure);
    const status = make('span', { className: 'told' });
    status.setAttribute('role', 'status');
    const name = kind => `${figure.dataset.name || figure.id}${figure.dataset.simulated ? '-donnees-simulees' : ''}.${kind}`;
    const tool = (label, act) => {
      const button = make('button', { type: 'button', textContent: label });
      // Read aloud out of its place, « SVG » alone does not say of which figure.
      button.setAttribute('aria-label', `${label}, ${headline(figure)}`);
      button.addEventListener('click', () => act(button));
      place.append(' ', button);
    };
    place.append(text.download);
    if (one('svg', figure)) {
      tool('SVG', () => save(new Blob([picture(figure).source], { type: 'image/svg+xml' }), name('svg')));
      tool('PNG', () => {
        const { source, wide, high } = picture(figure), image = new Image();
        const canvas = make('canvas', { width: Math.round(2 * wide), height: Math.round(2 * high) });
        image.onerror = () => { status.textContent = text.failed; };
        image.onload = () => {
          canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
          canvas.toBlob(blob => blob ? save(blob, name('png')) : image.onerror());
        };
        image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(source)}`;
      });
    }
    if (table) tool('CSV', () => save(new Blob([csv(table)], { type: 'text/csv;charset=utf-8' }), name('csv')));
    // From a folder on a disk, the address that others can reach is the one that the page names, if it does.
    const own = location.protocol === 'file:' ? (one('link[rel=canonical]') || {}).href : location.origin + location.pathname;
    if (own) tool(text.embed, async () => {
      let area = one('textarea', place);
      if (!area) {
        area = make('textarea', { readOnly: true, rows: 4 });
        area.setAttribute('aria-label', text.code);
        place.append(area);
      }
      const quoted = words => words.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;');
      const high = Math.ceil(figure.getBoundingClientRect().height) + 80;
      area.value = `<iframe title="${quoted(headline(figure))}" src="${quoted(`${own}?figure=${encodeURIComponent(figure.id)}`)}" width="100%" height="${high}" loading="lazy"></iframe>`;
      area.focus();
      area.select();
      status.textContent = await copy(area.value) ? text.codeCopied : text.code;
    });
    place.append(' ', status);
    place.hidden = false;
  };
  all('figure').filter(figure => one('.tools', figure)).forEach(tools);

  // ── On paper nothing can be unfolded
  addEventListener('beforeprint', () => all('details:not([open])').forEach(folded => {
    folded.open = true;
    folded.dataset.printed = '';
  }));
  addEventListener('afterprint', () => all('details[data-printed]').forEach(unfolded => {
    unfolded.open = false;
    delete unfolded.dataset.printed;
  }));

  // ── One figure alone, inside another page
  const embedded = document.getElementById(new URLSearchParams(location.search).get('figure') || ' ');
  if (embedded && embedded.matches('figure')) {
    page.classList.add('embed');
    embedded.classList.add('shown');
    for (let holder = embedded.parentElement; holder && holder !== page; holder = holder.parentElement) holder.classList.add('holds');
    const { title, subject, note, source } = embedded.dataset;
    // Its headings are those of the page that is hidden now.
    embedded.prepend(make('p', { className: 'titre' }, [title, subject].filter(Boolean).map(typeset).join(english ? ': ' : '\u00a0: ')));
    const whole = make('a', { href: location.pathname, target: '_blank', rel: 'noopener', textContent: text.whole });
    embedded.append(make('p', { className: 'embed-source' }, [note, source].filter(Boolean).map(typeset).join(' · '), ' ', whole));
  }

  // ── Copy
  all('button.copier').forEach(button => {
    const status = make('span', { className: 'told' });
    status.setAttribute('role', 'status');
    button.after(' ', status);
    button.hidden = false;
    button.addEventListener('click', async () => {
      const element = one(button.dataset.copy);
      if (!element) return;
      status.textContent = '';
      const copied = await copy(element.matches('pre, pre *') ? element.textContent : said(element));
      // Where a browser refuses, the text is at least selected.
      if (!copied) getSelection().selectAllChildren(element);
      status.textContent = copied ? text.copied : text.select;
    });
  });

  // ── State of this version
  const { version } = page.dataset, state = document.getElementById('state');
  // The same bytes stand one level below the store's root, under latest/, and two levels below it.
  const store = (page.dataset.root || '') + (location.pathname.includes(`/versions/${version}/`) ? '../../' : '../');
  all('a[data-path]').forEach(link => { link.href = store + link.dataset.path; });
  const tell = (words, path) => {
    state.append(make('p', {}, words, ...path ? [' ', make('a', { href: store + path, textContent: text.see })] : []));
    state.hidden = false;
  };
  const read = async name => {
    const answer = await fetch(store + name, { cache: 'no-cache' });
    if (!answer.ok) throw new Error(name);
    return answer.json();
  };
  // The table of versions was written with the page: what became of each since then is in versions.json.
  const complete = versions => {
    const table = document.getElementById('versions');
    if (!table) return;
    const { dataset } = table, day = new Intl.DateTimeFormat(english ? 'en-GB' : 'fr-FR', { dateStyle: 'long', timeZone: 'UTC' });
    const dated = record => {
      const date = new Date(`${String(record.as_of).slice(0, 10)}T00:00:00Z`);
      return isNaN(date) ? '' : day.format(date).replace(/^1 (?=\D)/, english ? '1 ' : '1er ');
    };
    const row = record => {
      const own = record.version === version, told = dataset[record.status] || record.status;
      const head = make('th', { textContent: record.version });
      head.scope = 'row';
      const state = make('td', {}, ...own ? [make('strong', { textContent: dataset.this }), `, ${told}`] : [told]);
      return make('tr', {}, head, make('td', { textContent: dated(record) }), state, make('td', { textContent: typeof record.reason === 'string' ? typeset(record.reason) : '' }));
    };
    const newest = [...versions].reverse();
    // Whatever was retracted is an erratum, however old it is.
    const shown = newest.filter((record, at) => at < +dataset.most || record.version === version || record.status === 'retracted');
    if (!shown.some(record => record.version === version)) return;
    table.tBodies[0].replaceChildren(...shown.map(row));
    one('[data-completed=versions]').hidden = false;
  };
  // A browser refuses to fetch beside a file, and complains where readers see it: there the page does not ask. Without an
  // answer it claims nothing; all the rest of it stands.
  if (state && version && /^https?:$/.test(location.protocol)) {
    read('latest.json').then(latest => {
      if (latest.version && latest.version !== version) tell(text.other(latest.version), `latest/${english ? 'en/' : ''}index.html`);
      else if (!('finished' in page.dataset) && latest.fresh_until && Date.parse(latest.fresh_until) < Date.now()) {
        tell(text.stale(new Intl.DateTimeFormat(english ? 'en-GB' : 'fr-FR', { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(latest.fresh_until))));
      }
    }).catch(() => {});
    read('versions.json').then(({ versions }) => {
      complete(versions);
      const retracted = versions.find(record => record.version === version && record.status === 'retracted');
      if (!retracted) return;
      state.classList.add('retracted');
      tell(text.retracted(typeof retracted.reason === 'string' ? retracted.reason : ''));
    }).catch(() => {});
  }
})();
