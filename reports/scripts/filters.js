// Which rows are in view, and in which order: columns only, no transcript is opened.
function matching() {
  const { rows } = index, side = index.versions.findIndex((version) => version.label === state.version), tests = [];
  const equal = (column, names, value) => {
    const wanted = names.indexOf(value);
    if (value) tests.push((row) => column[row] === wanted);
  };
  const among = (column, allowed) => tests.push((row) => allowed[column[row]]);
  if (state.probe) {
    const named = state.probe.split(" ");
    among(rows.probe, index.probes.map((probe) => named.includes(probe.id) || named.includes(probe.battery)));
  }
  if (state.severity) among(rows.probe, index.probes.map((probe) => probe.severity === state.severity));
  if (state.tags.length) {
    const wanted = state.tags.map((tag) => eitherOf(tag).map((one) => index.tags.indexOf(one)));
    among(rows.tags, index.sets.map((set) => wanted.every((either) => either.some((place) => set.includes(place)))));
  }
  equal(rows.labels[side], index.labels, state.label);
  equal(rows.states[side], index.states, state.state);
  equal(rows.change, index.changes, state.change);
  if (state.family) {
    const own = rows.id.indexOf(state.family);
    const named = Number(Object.keys(index.families).find((row) => index.families[row] === state.family) ?? own);
    tests.push((row) => rows.family[row] === named);
  }
  if (state.pick) {
    const named = new Set(pickOf(state.pick)?.rows);
    tests.push((row) => named.has(row));
  }
  const found = [];
  for (let row = 0; row < rows.id.length; row++) if (tests.every((test) => test(row))) found.push(row);
  return found;
}

// Rank of each name of a column, in the order of the alphabet.
function alphabetical(names) {
  const order = Uint32Array.from(names.keys()).sort((a, b) => (names[a] < names[b] ? -1 : 1));
  const ranks = new Uint32Array(names.length);
  order.forEach((place, rank) => { ranks[place] = rank; });
  return ranks;
}

// What can be sorted by, with a function that makes the rank of each row.
function sortable() {
  const { rows } = index;
  const sides = index.versions.map((version, side) => ["version:" + version.label, () => {
    const ranks = alphabetical(index.labels);
    return (row) => rows.states[side][row] * index.labels.length + ranks[rows.labels[side][row]];
  }]);
  return new Map([
    ["item", () => { const ranks = alphabetical(rows.id); return (row) => ranks[row]; }],
    ["severity", () => { const ranks = index.probes.map((probe) => index.severities.indexOf(probe.severity)); return (row) => ranks[rows.probe[row]]; }],
    ...sides,
    ["change", () => (row) => rows.change[row]],
  ]);
}

const columnOf = (sort) => sort.replace(/^-/, "");

function ordered(rows) {
  const states = index.rows.states[index.candidate], bad = () => (row) => states[row]; // what asks for a look comes first
  const rank = (sortable().get(columnOf(state.sort)) ?? bad)(), turn = state.sort.startsWith("-") ? -1 : 1;
  return [...rows].sort((a, b) => turn * (rank(a) - rank(b)) || a - b);
}
