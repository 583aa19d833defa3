// The table of items: filters, columns to sort by, pages of 50 real rows, and one item opened below its row.
const PAGE = 50;
const UNFILTERED = { probe: "", label: "", state: "", change: "", severity: "", family: "", pick: "", q: "", tags: [] };
let view = { key: "" };
let shown = []; // rows on the page
let lines = []; // their elements
let pause; // before typed text is searched for
let drawn = null; // the open item: {row, node}

function fill(name, first, values, told = plain) {
  const options = values.map((value) => make("option", { value }, told(value)));
  find("filters").elements[name].replaceChildren(...(first ? [make("option", { value: "" }, first)] : []), ...options);
}

function fillFilters() {
  const { rows } = index, known = (names) => [...names].sort(), used = (names, columns) => names.filter((_name, place) => columns.some((column) => column.includes(place)));
  fill("probe", _("all"), [...known(new Set(index.probes.map((probe) => probe.battery))), ...index.probes.map((probe) => probe.id)]);
  fill("tag", _("add one"), known(index.tags));
  fill("version", "", index.versions.map((version) => version.label));
  fill("label", _("any"), known(index.labels));
  fill("state", _("any"), used(index.states, rows.states), _);
  fill("change", _("any"), used(index.changes, [rows.change]), _);
  fill("severity", _("any"), index.severities.filter((name) => index.probes.some((probe) => probe.severity === name)), _);
}

function headings() {
  const names = [["item", _("Item")], ["severity", _("Severity")], ...index.versions.map(({ label }) => ["version:" + label, visible(label)]), ["change", _("Change")]];
  find("head").replaceChildren(make("tr", {}, ...names.map(([column, name]) => heading(column, name))));
}

// A click sorts by the column, then the other way, then with what is bad in the candidate first.
function heading(column, name) {
  const up = state.sort === column, down = state.sort === "-" + column;
  const next = up ? "-" + column : down ? "" : column;
  const button = action(name, async () => { await change({ sort: next }); find("head").querySelector(`[data-column="${CSS.escape(column)}"]`)?.focus(); }, { "data-column": column });
  button.append(make("span", { "aria-hidden": "true" }, up ? " \u25b2" : down ? " \u25bc" : ""));
  return make("th", { scope: "col", ...(up || down ? { "aria-sort": up ? "ascending" : "descending" } : {}) }, button);
}

function showFilters() {
  const { elements } = find("filters");
  for (const name of FIELDS) {
    const field = elements[name], value = state[name];
    if (!field || field === document.activeElement) continue;
    if (field.options && ![...field.options].some((option) => option.value === value)) field.add(new Option(plain(value), value));
    field.value = value;
  }
  elements.tag.value = "";
  const remove = (name, text, values) => action(name, () => { change(values); find("filters").elements.tag.focus(); }, { "aria-label": _("Remove {filter}", { filter: text }) });
  const cross = (text) => make("span", {}, visible(text), " \u00d7");
  const chips = state.tags.map((tag) => {
    const told = eitherOf(tag).join(_(" or "));
    return remove(cross(told), plain(told), { tags: state.tags.filter((other) => other !== tag) });
  });
  const family = _("family: {name}", { name: state.family });
  if (state.family) chips.push(remove(cross(family), plain(family), { family: "" }));
  const picked = pickOf(state.pick)?.what ?? _("not known: {name}", { name: state.pick });
  if (state.pick) chips.push(remove(cross(picked), plain(picked), { pick: "" }));
  if (chips.length || Object.keys(UNFILTERED).some((name) => state[name].length)) chips.push(action(_("Clear all filters"), () => { change(UNFILTERED); elements.probe.focus(); }));
  find("chips").replaceChildren(...chips);
}

// Looks anew only where the filters, the text or the order changed.
function draw() {
  showFilters();
  headings();
  const key = JSON.stringify([...FIELDS.map((name) => state[name]), state.tags]);
  if (key === view.key) return show();
  view.stopped = true;
  view = { key, q: state.q, rows: matching(), searched: 0, unread: 0, done: !state.q, stopped: false };
  view.total = view.rows.length;
  if (view.done) view.rows = ordered(view.rows);
  else { const mine = view; search(mine, () => { if (mine === view) show(); }); }
  return show();
}

async function show() {
  const row = state.item ? index.rows.id.indexOf(state.item) : -1, wanted = view.rows.indexOf(row), pages = Math.max(1, Math.ceil(view.rows.length / PAGE));
  if (wanted >= 0) state.page = Math.floor(wanted / PAGE) + 1;
  else if (view.done) state.page = Math.min(state.page, pages);
  const next = view.rows.slice((state.page - 1) * PAGE, state.page * PAGE);
  if (next.length !== shown.length || next.some((one, place) => one !== shown[place])) {
    shown = next;
    lines = shown.map(line);
    drawn = null;
    find("rows").replaceChildren(...lines);
  }
  pager(pages);
  report(row, wanted);
  await open(wanted >= 0 ? row : -1);
}

function report(row, wanted) {
  find("searching").hidden = view.done;
  find("progress").max = view.total;
  find("progress").value = view.searched;
  find("progress-text").textContent = _("{searched} of {total} items searched, {found} found", { searched: counted(view.searched), total: counted(view.total), found: counted(view.rows.length) });
  if (!view.done) return;
  const told = [_("{found} of {all} items", { found: counted(view.rows.length), all: counted(index.rows.id.length) })];
  if (view.stopped) told.push(_("stopped after {searched} of {total}", { searched: counted(view.searched), total: counted(view.total) }));
  if (view.unread) told.push(_("{count} could not be searched: their text is not here", { count: counted(view.unread) }));
  if (state.item && row < 0) told.push(_("there is no item {id}", { id: plain(state.item) }));
  else if (state.item && wanted < 0) told.push(_("the item {id} is not among them", { id: plain(state.item) }));
  const text = told.join("; ");
  if (find("status").textContent !== text) find("status").textContent = text; // said aloud: only where it changes
}

function pager(pages) {
  find("previous").setAttribute("aria-disabled", state.page <= 1);
  find("next").setAttribute("aria-disabled", state.page >= pages);
  find("page").textContent = _("Page {page} of {pages}", { page: counted(state.page), pages: counted(pages) });
}

async function turnPage(by) {
  const pages = Math.ceil(view.rows.length / PAGE);
  if (state.page + by < 1 || state.page + by > pages) return;
  await change({ page: state.page + by });
  lines[0]?.querySelector("button").focus();
}

function line(row) {
  const button = action(visible(index.rows.id[row]), () => change({ item: state.item === index.rows.id[row] ? "" : index.rows.id[row] }), { "aria-expanded": "false" });
  const begins = index.rows.preview[row];
  const preview = make("span", { class: "preview" }, begins === null ? _("text left out of this file") : visible(begins));
  const of = (name) => make("span", { class: "of" }, name);
  const cells = index.versions.map(({ label }, place) => make("td", {}, of(visible(label)), verdict(row, place)));
  return make("tr", {}, make("td", {}, button, preview), make("td", {}, of(_("Severity")), _(probeOf(row).severity)), ...cells, make("td", {}, of(_("Change")), _(changeOf(row))));
}

const buttonOf = (row) => lines[shown.indexOf(row)]?.querySelector("button");

async function open(row) {
  if (drawn && drawn.row !== row) close();
  if (row < 0 || drawn) return;
  drawn = { row };
  const mine = drawn, found = await item(row);
  if (mine !== drawn) return;
  drawn.found = found;
  drawn.node = drawer(row, found, false);
  const node = lines[shown.indexOf(row)];
  node.classList.add("open");
  buttonOf(row).setAttribute("aria-expanded", "true");
  node.after(drawn.node);
}

function close() {
  const inside = drawn.node?.contains(document.activeElement), button = buttonOf(drawn.row);
  drawn.node?.remove();
  button?.closest("tr").classList.remove("open");
  button?.setAttribute("aria-expanded", "false");
  drawn = null;
  if (inside) button?.focus();
}

function toggleDiff() {
  state = { ...state, diff: !state.diff };
  writeAddress(true);
  if (!drawn?.node) return;
  const focused = document.activeElement?.id === "diff", unfolded = drawn.node.querySelector(".folded")?.open;
  const node = drawer(drawn.row, drawn.found, unfolded);
  drawn.node.replaceWith(node);
  drawn.node = node;
  if (focused) find("diff").focus();
}

// What is not the page or the item itself leads to the first page, and closes the item. Text that was typed counts at once.
function change(values, typed) {
  clearTimeout(pause);
  const q = find("filters").elements.q.value, within = q === state.q && ("item" in values || "page" in values);
  state = { ...state, item: "", q, ...values, ...(within ? {} : { page: 1 }) };
  writeAddress(typed);
  return draw();
}
