// Puts the page to work: the item table, the place in the navigation, printing, and wide tables.
function listen() {
  const form = find("filters");
  let typing = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", (event) => {
    const { name, value } = event.target;
    if (name === "tag") change({ tags: value ? [...new Set([...state.tags, value])].sort() : state.tags });
    else if (name !== "q") change({ [name]: value });
    typing = false;
  });
  form.elements.q.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(() => { change({}, typing); typing = true; }, 250);
  });
  find("previous").addEventListener("click", () => turnPage(-1));
  find("next").addEventListener("click", () => turnPage(1));
  find("stop").addEventListener("click", () => { view.stopped = true; form.elements.q.focus(); });
  find("csv").addEventListener("click", () => download(csv(view.rows), "items.csv"));
  find("command").addEventListener("click", () => {
    const { text, untold } = viewCommand();
    copy(text, _("The command")).then(() => { if (untold.length) announce(_("The command was copied; the terminal does not know these filters: {names}.", { names: untold.join(", ") })); });
  });
  find("help").addEventListener("click", () => find("keys").showModal());
}

// Links, and the buttons back and forward.
async function follow() {
  if (location.hash && !isItems() && state) return;
  state = readAddress();
  await draw();
  if (!isItems()) return;
  if (!drawn) return find("items").scrollIntoView();
  buttonOf(drawn.row)?.focus({ preventScroll: true });
  lines[shown.indexOf(drawn.row)]?.scrollIntoView();
}

function followSections() {
  const links = new Map([...document.querySelectorAll(".bar a")].map((link) => [link.hash.slice(1), link]));
  const watch = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      for (const link of links.values()) link.removeAttribute("aria-current");
      const link = links.get(entry.target.id), row = link.parentElement;
      link.setAttribute("aria-current", "true");
      row.scrollLeft = link.offsetLeft - (row.clientWidth - link.offsetWidth) / 2;
    }
  }, { rootMargin: "-30% 0px -65% 0px" });
  for (const id of links.keys()) watch.observe(find(id));
}

// Folded parts are printed too, where the style alone does not open them.
function openForPrint() {
  let opened = [];
  addEventListener("beforeprint", () => { opened = [...document.querySelectorAll("main details:not([open])")]; for (const part of opened) part.open = true; });
  addEventListener("afterprint", () => { for (const part of opened) part.open = false; });
}

// A table wider than its box says so, until it is scrolled to its end.
function cueScrolling() {
  const cue = (box) => box.classList.toggle("more", box.scrollLeft + box.clientWidth < box.scrollWidth - 8);
  const watch = new ResizeObserver((entries) => { for (const entry of entries) cue(entry.target); });
  for (const box of document.querySelectorAll(".scroll")) {
    watch.observe(box);
    box.addEventListener("scroll", () => cue(box), { passive: true });
  }
}

async function start() {
  followSections();
  cueScrolling();
  openForPrint();
  if (!("DecompressionStream" in window)) return;
  await openIndex();
  fillFilters();
  listen();
  listenToKeys();
  addEventListener("hashchange", follow);
  find("explorer-off").hidden = true;
  find("explorer").hidden = false;
  await follow();
  document.documentElement.dataset.ready = "true";
}
start();
