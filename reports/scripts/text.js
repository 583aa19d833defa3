// Words of the interface, and text of others: it enters the page as text nodes only, its hidden characters named.
const find = (id) => document.getElementById(id);

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// The block exists only where the page is in another language than the script.
const words = new Map(Object.entries(find("words") ? JSON.parse(find("words").textContent) : {}));
const PLACE = /\{(\w+)\}/;

function _(message, values = {}) {
  const filled = (part) => (part in values ? String(values[part]) : `{${part}}`);
  return (words.get(message) ?? message).split(PLACE).map((part, place) => (place % 2 ? filled(part) : part)).join("");
}

// Fills a message whose values are elements or text of others.
function say(message, values) {
  const filled = (value) => (value instanceof Node ? value : visible(String(value)));
  return message.split(PLACE).map((part, place) => (place % 2 ? filled(values[part]) : part));
}

const digits = new Intl.NumberFormat("en"); // as the rest of the page writes numbers, in every language
const counted = (number) => digits.format(number);

const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}\u2800]/gu;
const KEPT = new Set(["\n", "\t", "\ufe0f"]);

function nameOf(character) {
  const code = character.codePointAt(0);
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  const hex = "U+" + code.toString(16).toUpperCase().padStart(4, "0");
  return code >= 0xd800 && code <= 0xdfff ? "\ufffd " + hex : hex;
}

const MOST_BADGES = 500; // of a text; more make a browser slow, and are named in brackets

function badged(text) {
  const parts = [], hidden = [...text.matchAll(HIDDEN)].filter((found) => !KEPT.has(found[0]));
  if (hidden.length > MOST_BADGES) return [plain(text)];
  let end = 0;
  for (const found of hidden) {
    parts.push(text.slice(end, found.index), make("code", { class: "hidden-char" }, nameOf(found[0])));
    end = found.index + found[0].length;
  }
  return [...parts, text.slice(end)];
}

const visible = (text) => make("bdi", {}, ...badged(text));
const plain = (text) => text.replace(HIDDEN, (found) => (KEPT.has(found) ? found : "[" + nameOf(found) + "]"));
