// Keys for those who read many items; they do nothing while a field has the focus, and can be turned off.
const OFF = "auditor-keys-off";

function remembered(value) {
  try {
    if (value === undefined) return localStorage.getItem(OFF) === "yes";
    localStorage.setItem(OFF, value ? "yes" : "no");
  } catch { /* a sandboxed host keeps nothing */ }
  return false;
}

// The next item or the one before, on the next page too; where an item is open, that one is opened.
async function step(by) {
  const focused = lines.findIndex((node) => node.contains(document.activeElement) || node.nextElementSibling?.classList.contains("drawer") && node.nextElementSibling.contains(document.activeElement));
  const from = drawn ? shown.indexOf(drawn.row) : focused, to = from < 0 ? 0 : from + by, opened = Boolean(drawn);
  if (!lines[to]) {
    const rows = view.rows, place = (state.page - 1) * PAGE + to;
    if (rows[place] === undefined) return;
    await change(opened ? { item: index.rows.id[rows[place]] } : { page: state.page + by });
    buttonOf(rows[place])?.focus();
  } else if (opened) {
    await change({ item: index.rows.id[shown[to]] });
    lines[to].querySelector("button").focus();
    lines[to].scrollIntoView({ block: "start" });
  } else lines[to].querySelector("button").focus();
}

const keys = {
  j: () => step(1),
  k: () => step(-1),
  n: () => turnPage(1),
  p: () => turnPage(-1),
  d: () => { if (drawn) toggleDiff(); },
  c: () => { if (drawn?.node) copy(markdown(drawn.row, drawn.found), _("The item")); },
  "/": () => { find("filters").elements.q.focus(); find("filters").scrollIntoView(); },
  "?": () => find("keys").showModal(),
  Escape: () => { if (drawn) { const row = drawn.row; change({ item: "" }); buttonOf(row)?.focus(); } },
};

function listenToKeys() {
  const box = find("keys-on");
  box.checked = !remembered();
  box.addEventListener("change", () => remembered(!box.checked));
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    if (event.target.closest?.("input, select, textarea, dialog, [contenteditable]") || document.querySelector("dialog[open]")) return;
    const act = Object.hasOwn(keys, event.key) && keys[event.key];
    if (!act || !(box.checked || event.key === "Escape")) return;
    event.preventDefault();
    act();
  });
}
