// The data: inert blocks of gzipped JSON in base64, or files. The index stays in memory, of the chunks only the last few.
const OPEN_CHUNKS = 6;
const chunks = new Map();
let index;

async function unpack(packed) {
  const letters = atob(packed);
  const bytes = new Uint8Array(letters.length);
  for (let place = 0; place < letters.length; place++) bytes[place] = letters.charCodeAt(place);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

async function openIndex() {
  index = await unpack(find("data-index").textContent);
  find("data-index").remove(); // read once: its text need not stay in memory
  const { rows } = index;
  const narrow = (column, names) => (names.length < 256 ? Uint8Array : Uint32Array).from(column);
  rows.probe = narrow(rows.probe, index.probes);
  rows.tags = narrow(rows.tags, index.sets);
  rows.change = narrow(rows.change, index.changes);
  rows.family = Uint32Array.from(rows.family);
  rows.states = rows.states.map((column) => narrow(column, index.states));
  rows.labels = rows.labels.map((column) => narrow(column, index.labels));
  index.baseline = index.versions.findIndex((version) => version.role === "baseline");
  index.candidate = index.versions.length - 1;
}

// A page on a disk may read no file, but be styled by one: the letters are custom properties of a hidden element.
async function genuine(letters, href) {
  const digest = await crypto.subtle?.digest("SHA-256", new TextEncoder().encode(letters)); // none where a page came over plain http
  const hex = digest && [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  if (hex && !href.endsWith(`/${hex}.css`)) throw Error(href);
  return letters;
}

function besidePage(href) {
  const host = make("div", { hidden: "" }), sheet = make("link", { rel: "stylesheet", href });
  host.attachShadow({ mode: "closed" }).append(sheet);
  return new Promise((resolve, reject) => {
    sheet.onerror = reject;
    sheet.onload = () => {
      const style = getComputedStyle(host), pieces = [];
      for (let piece; (piece = style.getPropertyValue("--" + pieces.length)); ) pieces.push(piece.slice(1, -1));
      resolve(genuine(pieces.join(""), href));
    };
    document.body.append(host);
  }).finally(() => host.remove());
}

// The blocks stand behind this script. What is not beside the page, or not whole, opens as nothing.
const parsed = new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve));
const openChunk = (place) => (index.beside ? besidePage(index.beside[place]).then(unpack).catch(() => []) : parsed.then(() => unpack(find("data-" + place).textContent)));

const nearest = (place) => chunks.get(place) ?? remember(place);

function remember(place) {
  if (chunks.size >= OPEN_CHUNKS) chunks.delete(chunks.keys().next().value);
  chunks.set(place, openChunk(place));
  return chunks.get(place);
}

// An item with all replies; null where its text was left out of this file, undefined where a file is not there.
const item = async (row) => (await nearest(Math.floor(row / index.chunk)))[row % index.chunk];

const pickOf = (number) => (Object.hasOwn(index.picks, number) ? index.picks[number] : undefined);
const familyOf = (row) => index.families[index.rows.family[row]] ?? index.rows.id[index.rows.family[row]];
const probeOf = (row) => index.probes[index.rows.probe[row]];
// Tags of which an item has one or another stand in one, as the links of the page are made.
const eitherOf = (tag) => tag.split("\x1f");
const tagsOf = (row) => index.sets[index.rows.tags[row]].map((place) => index.tags[place]);
const stateOf = (row, side) => index.states[index.rows.states[side][row]];
const labelOf = (row, side) => index.labels[index.rows.labels[side][row]];
const changeOf = (row) => index.changes[index.rows.change[row]];
