"use strict";
// The item table. Text from the data enters the page as text nodes only.
(() => {
  const PAGE = 50;
  const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}\u2800]/gu;
  const KEPT = new Set(["\n", "\t", "\ufe0f"]);
  const FIELDS = ["probe", "version", "label", "state", "change", "q"];
  const find = (id) => document.getElementById(id);

  function make(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  }

  function nameOf(character) {
    const code = character.codePointAt(0);
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    if (code === 0x7f) return "\u2421";
    const hex = "U+" + code.toString(16).toUpperCase().padStart(4, "0");
    return code >= 0xd800 && code <= 0xdfff ? "\ufffd " + hex : hex;
  }

  function visible(text) {
    const node = make("bdi");
    let end = 0;
    for (const found of text.matchAll(HIDDEN)) {
      if (KEPT.has(found[0])) continue;
      node.append(text.slice(end, found.index), make("code", { class: "hidden-char" }, nameOf(found[0])));
      end = found.index + found[0].length;
    }
    node.append(text.slice(end));
    return node;
  }

  const plain = (text) => text.replace(HIDDEN, (found) => (KEPT.has(found) ? found : "[" + nameOf(found) + "]"));

  async function unpack(id) {
    const bytes = Uint8Array.from(atob(find(id).textContent), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  }

  const chunks = new Map();
  let index, state, turn = 0;

  function chunk(place) {
    if (!chunks.has(place)) {
      if (chunks.size > 20) chunks.delete(chunks.keys().next().value);
      chunks.set(place, unpack("data-" + place));
    }
    return chunks.get(place);
  }
  const item = async (row) => (await chunk(Math.floor(row / index.chunk)))[row % index.chunk];

  // The state of the table is the address: #items&probe=harm.direct&tag=hazard: privacy&page=2&item=...
  function readAddress() {
    const given = new URLSearchParams(location.hash.startsWith("#items") ? location.hash.slice(6) : "");
    const read = { tags: given.getAll("tag"), page: Math.max(1, parseInt(given.get("page"), 10) || 1), item: given.get("item") || "" };
    for (const name of FIELDS) read[name] = given.get(name) || "";
    if (!index.versions.includes(read.version)) read.version = index.versions.at(-1);
    return read;
  }
  function writeAddress() {
    const said = new URLSearchParams();
    for (const name of FIELDS) if (state[name] && !(name === "version" && state[name] === index.versions.at(-1))) said.set(name, state[name]);
    for (const tag of state.tags) said.append("tag", tag);
    if (state.page > 1) said.set("page", state.page);
    if (state.item) said.set("item", state.item);
    const text = said.toString();
    try { history.replaceState(null, "", "#items" + (text && "&" + text)); } catch { /* a sandboxed host forbids it */ }
  }

  const known = (values) => [...new Set(values)].sort();
  function fill(name, first, values) {
    const select = find("filters").elements[name];
    select.replaceChildren(make("option", { value: "" }, first));
    for (const value of values) { const option = make("option", {}, plain(value)); option.value = value; select.append(option); }
  }
  function fillFilters() {
    const probes = Object.keys(index.probes);
    fill("probe", "all", [...known(probes.map((id) => index.probes[id].battery)), ...probes]);
    fill("tag", "add one", known(index.tags.flat()));
    fill("label", "any", known(index.labels.flat()));
    fill("state", "any", known(index.states.flat()));
    fill("change", "any", known(index.change));
    const select = find("filters").elements.version;
    select.replaceChildren(...index.versions.map((value) => { const option = make("option", {}, plain(value)); option.value = value; return option; }));
  }

  function matching() {
    const side = index.versions.indexOf(state.version), rows = [];
    for (let row = 0; row < index.ids.length; row++) {
      const probe = index.probe[row];
      if (state.probe && !state.probe.split(" ").some((one) => one === probe || one === index.probes[probe].battery)) continue;
      if (state.label && state.label !== index.labels[row][side]) continue;
      if (state.state && state.state !== index.states[row][side]) continue;
      if (state.change && state.change !== index.change[row]) continue;
      if (!state.tags.every((tag) => index.tags[row].includes(tag))) continue;
      rows.push(row);
    }
    return rows;
  }

  function holds(found, wanted) {
    const texts = [...found.item.turns, found.item.item_id, found.item.system || ""];
    for (const reply of found.replies) for (const row of reply.responses) texts.push(row.text || "", row.reasoning || "");
    return texts.some((text) => text.toLowerCase().includes(wanted));
  }

  // Search opens every chunk once; a newer request stops an older one.
  async function search(rows, mine) {
    if (!state.q) return rows;
    const wanted = state.q.toLowerCase(), hits = [];
    for (const [place, row] of rows.entries()) {
      if (holds(await item(row), wanted)) hits.push(row);
      if (place % index.chunk === 0) {
        find("status").textContent = `Searching: ${place} of ${rows.length} items, ${hits.length} found`;
        await new Promise((resume) => setTimeout(resume));
        if (mine !== turn) return null;
      }
    }
    return hits;
  }

  async function draw() {
    const mine = ++turn;
    const probes = find("filters").elements.probe;
    if (![...probes.options].some((option) => option.value === state.probe)) probes.add(new Option(plain(state.probe), state.probe));
    for (const name of FIELDS) find("filters").elements[name].value = state[name];
    find("filters").elements.tag.value = "";
    find("chips").replaceChildren(...state.tags.map((tag) => chip(tag)));
    const rows = await search(matching(), mine);
    if (rows === null || mine !== turn) return;
    const pages = Math.max(1, Math.ceil(rows.length / PAGE));
    const wanted = state.item ? rows.indexOf(index.ids.indexOf(state.item)) : -1;
    state.page = wanted >= 0 ? Math.floor(wanted / PAGE) + 1 : Math.min(state.page, pages);
    const shown = rows.slice((state.page - 1) * PAGE, state.page * PAGE);
    const lines = await Promise.all(shown.map(async (row) => line(row, await item(row))));
    if (mine !== turn) return;
    find("rows").replaceChildren(...lines);
    find("status").textContent = `${rows.length} of ${index.ids.length} items`;
    pager(pages);
    if (wanted >= 0) await toggle(lines[wanted % PAGE], shown[wanted % PAGE], true);
  }

  function chip(tag) {
    const button = make("button", { type: "button" }, visible(tag), " \u00d7");
    button.setAttribute("aria-label", "Remove " + plain(tag));
    button.addEventListener("click", () => change({ tags: state.tags.filter((other) => other !== tag) }));
    return button;
  }

  function pager(pages) {
    const step = (name, by) => {
      const button = make("button", { type: "button" }, name);
      button.disabled = state.page + by < 1 || state.page + by > pages;
      button.addEventListener("click", () => { change({ page: state.page + by }, true); find("items").scrollIntoView(); });
      return button;
    };
    find("pager").replaceChildren(step("Previous", -1), `Page ${state.page} of ${pages}`, step("Next", 1));
  }

  function verdict(row, side) {
    const kind = index.states[row][side];
    return make("span", { class: "verdict " + kind }, kind === "absent" ? "" : kind + ": ", visible(index.labels[row][side]));
  }

  function line(row, found) {
    const button = make("button", { type: "button", "aria-expanded": "false" }, visible(index.ids[row]));
    const preview = make("span", { class: "preview" }, visible(found.item.turns[0].slice(0, 160)));
    const cells = index.versions.map((_, side) => make("td", {}, make("span", { class: "of" }, visible(index.versions[side])), verdict(row, side)));
    const node = make("tr", {}, make("td", {}, button, preview), ...cells);
    button.addEventListener("click", () => toggle(node, row, !node.classList.contains("open")));
    return node;
  }

  async function toggle(node, row, open) {
    node.classList.toggle("open", open);
    node.querySelector("button").setAttribute("aria-expanded", open);
    if (!open) node.nextElementSibling?.classList.contains("drawer") && node.nextElementSibling.remove();
    else node.after(drawer(row, await item(row)));
    state.item = open ? index.ids[row] : "";
    writeAddress();
  }

  function said(name, text) {
    return make("div", { class: "said" }, ...(name ? [make("p", { class: "who" }, visible(name))] : []), make("p", { class: "text" }, visible(text)));
  }

  function prompt(asked) {
    const turns = asked.turns.map((text, place) => said(asked.turns.length > 1 ? `User, turn ${place + 1}` : "User", text));
    const shots = (asked.few_shot || []).map((shot) => said("Example, " + shot.role, shot.content));
    return make("div", { class: "prompt" }, ...(asked.system ? [said("System", asked.system)] : []), ...shots, ...turns);
  }

  function response(row) {
    const name = [row.turn && `turn ${row.turn + 1}`, row.sample && `sample ${row.sample + 1}`, row.repeat && `asked again`, row.part].filter(Boolean).join(", ");
    const parts = [];
    if (row.reasoning) parts.push(make("details", {}, make("summary", {}, "Reasoning"), said("", row.reasoning)));
    if (row.text) parts.push(said(name, row.text));
    else if (row.score !== undefined) parts.push(said(name, `log-probability ${row.score.toFixed(2)} over ${row.score_tokens} tokens: ${row.continuation}`));
    else parts.push(said(name, "no text: " + row.status + (row.reason ? ", " + row.reason : "")));
    if (row.status === "length") parts.push(make("p", { class: "reason" }, "cut at the token limit"));
    if (row.logprobs) parts.push(make("p", { class: "reason" }, visible("log-probabilities: " + JSON.stringify(row.logprobs))));
    return parts;
  }

  function decided(row) {
    const words = [row.repeat ? "asked again" : "", row.label || row.reason || "", row.value === undefined ? "" : row.value.toFixed(3), row.evidence || ""];
    return make("p", { class: "reason" }, "Grader: ", visible(words.filter(Boolean).join(" \u00b7 ")));
  }

  function drawer(row, found) {
    const sides = found.replies.map((reply, side) => make("div", { class: "side" },
      make("p", { class: "who" }, visible(index.versions[side]), " ", verdict(row, side)),
      ...(reply.asked ? [make("p", { class: "reason" }, "This version was asked differently:"), prompt(reply.asked)] : []),
      ...reply.responses.flatMap(response), ...reply.verdicts.map(decided)));
    const answers = make("div", { class: "sides" }, ...sides);
    const probe = index.probes[found.item.probe_id];
    const body = make("div", { class: "body" },
      make("p", { class: "tags" }, ...index.tags[row].map((tag) => make("span", {}, visible(tag)))), prompt(found.item),
      probe.battery === "harm" ? make("details", { class: "folded" }, make("summary", {}, "Show the answers: they may be harmful"), answers) : answers);
    return make("tr", { class: "drawer" }, make("td", { colspan: index.versions.length + 1 }, body));
  }

  function change(values, keepPage) {
    state = { ...state, item: "", ...(keepPage ? {} : { page: 1 }), ...values };
    writeAddress();
    return draw();
  }

  function listen() {
    const form = find("filters");
    let pause;
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", (event) => {
      const { name, value } = event.target;
      if (name === "tag") change({ tags: value ? known([...state.tags, value]) : state.tags });
      else if (name !== "q") change({ [name]: value });
    });
    form.elements.q.addEventListener("input", (event) => {
      clearTimeout(pause);
      pause = setTimeout(() => change({ q: event.target.value }), 250);
    });
    addEventListener("hashchange", () => {
      if (!location.hash.startsWith("#items")) return;
      state = readAddress();
      find("items").scrollIntoView();
      draw();
    });
  }

  function followSections() {
    const links = new Map([...document.querySelectorAll(".bar a")].map((link) => [link.hash.slice(1), link]));
    const watch = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        for (const link of links.values()) link.removeAttribute("aria-current");
        links.get(entry.target.id).setAttribute("aria-current", "true");
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
    index = await unpack("data-index");
    state = readAddress();
    find("head").replaceChildren(make("tr", {}, make("th", { scope: "col" }, "Item"), ...index.versions.map((label) => make("th", { scope: "col" }, visible(label)))));
    fillFilters();
    listen();
    find("explorer-off").hidden = true;
    find("explorer").hidden = false;
    await draw();
    if (location.hash.startsWith("#items")) find("items").scrollIntoView();
    document.documentElement.dataset.ready = "true";
  }
  start();
})();
