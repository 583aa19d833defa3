// The state of the table is the address: #items&probe=harm.direct&tag=hazard: privacy&sort=-severity&page=2&item=...
const FIELDS = ["probe", "version", "label", "state", "change", "severity", "family", "pick", "q", "sort"];
let state;

const isItems = () => /^#items(&|$)/.test(location.hash);

function readAddress() {
  const given = new URLSearchParams(isItems() ? location.hash.slice(6) : "");
  const read = { tags: given.getAll("tag"), page: Math.max(1, parseInt(given.get("page"), 10) || 1), item: given.get("item") || "" };
  for (const name of FIELDS) read[name] = given.get(name) || "";
  read.diff = given.get("diff") !== "off";
  if (!index.versions.some((version) => version.label === read.version)) read.version = index.versions[index.candidate].label;
  return read;
}

function addressOf(values) {
  const said = new URLSearchParams();
  const told = (name) => values[name] && !(name === "version" && values[name] === index.versions[index.candidate].label);
  for (const name of FIELDS) if (told(name)) said.set(name, values[name]);
  for (const tag of values.tags ?? []) said.append("tag", tag);
  if (values.page > 1) said.set("page", values.page);
  if (values.item) said.set("item", values.item);
  if (values.diff === false) said.set("diff", "off");
  const text = said.toString();
  return "#items" + (text && "&" + text);
}

// Typing rewrites the last entry of the history; everything else adds one.
function writeAddress(typed) {
  const address = addressOf(state);
  if (address === location.hash || (address === "#items" && !isItems())) return;
  try { history[typed ? "replaceState" : "pushState"](null, "", address); } catch { /* a sandboxed host forbids it */ }
}
