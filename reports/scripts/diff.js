// Word by word, what two texts have in common (longest common subsequence), and where they part.
const WORD = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]|[\p{L}\p{M}\p{N}_]+(?:['\u2019][\p{L}]+)*|[^\s]/gu;
const SENTENCE = /[^\s.!?][^.!?\n]*[.!?]*|[.!?]+/g;
const MOST_CELLS = 4_000_000; // of the table that is searched: 2,000 words against 2,000

const unitsIn = (text, pattern) => [...text.matchAll(pattern)].map((found) => ({ text: found[0].trim(), start: found.index, end: found.index + found[0].length }));

// Numbers for words, so that they compare fast.
function numbered(units, numbers) {
  return Uint32Array.from(units, ({ text }) => { if (!numbers.has(text)) numbers.set(text, numbers.size); return numbers.get(text); });
}

// Marks what is not in common: [before, after] as flags, whether that was found unit by unit, and the common start.
function marked(a, b) {
  const flags = [new Uint8Array(a.length), new Uint8Array(b.length)];
  let start = 0, end = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const high = a.length - start - end, wide = b.length - start - end, line = wide + 1;
  flags[0].fill(1, start, start + high);
  flags[1].fill(1, start, start + wide);
  if (high * wide > MOST_CELLS) return { flags, start, exact: false };
  const common = new Uint16Array((high + 1) * line);
  for (let i = high - 1; i >= 0; i--) {
    for (let j = wide - 1; j >= 0; j--) {
      const place = i * line + j;
      common[place] = a[start + i] === b[start + j] ? common[place + line + 1] + 1 : Math.max(common[place + line], common[place + 1]);
    }
  }
  for (let i = 0, j = 0; i < high && j < wide; ) {
    if (a[start + i] === b[start + j]) flags[0][start + i++] = flags[1][start + j++] = 0;
    else if (common[(i + 1) * line + j] >= common[i * line + j + 1]) i++;
    else j++;
  }
  return { flags, start, exact: true };
}

// The text in pieces: [piece, whether it is on this side alone].
function pieces(text, units, flags) {
  const cut = [];
  let end = 0;
  for (let place = 0; place < units.length; place++) {
    if (!flags[place]) continue;
    const from = units[place].start;
    while (place + 1 < units.length && flags[place + 1]) place++;
    cut.push([text.slice(end, from), false], [text.slice(from, units[place].end), true]);
    end = units[place].end;
  }
  return [...cut, [text.slice(end), false]].filter(([piece]) => piece);
}

// Compares by words; texts too long for that by sentences.
function compare(before, after) {
  let found, units;
  for (const pattern of [WORD, SENTENCE]) {
    const numbers = new Map();
    units = [before, after].map((text) => unitsIn(text, pattern));
    const compared = marked(...units.map((side) => numbered(side, numbers)));
    found = { ...compared, by: pattern, words: found?.words ?? { start: compared.start, first: units.map((side) => side[compared.start]?.text) } };
    if (found.exact) break;
  }
  const sides = [before, after].map((text, side) => pieces(text, units[side], found.flags[side]));
  return { sides, same: before === after, words: found.words, by: !found.exact ? "whole" : found.by === WORD ? "words" : "sentences" };
}

// One sentence: where the two part.
function parting({ same, words: { start, first } }, names) {
  const [before, after] = names, [was, is] = first.map((word) => word && make("q", {}, visible(word.slice(0, 60))));
  const told = { before, after, was, is, start: counted(start), next: counted(start + 1) };
  if (same) return say(_("{before} and {after} answered the same, letter by letter."), told);
  if (!was && !is) return say(_("The words of {before} and {after} are the same; only blanks and line breaks differ."), told);
  if (!was) return say(_("The first {start} words are the same; there {before} ends, and {after} goes on with {is}."), told);
  if (!is) return say(_("The first {start} words are the same; there {after} ends, and {before} goes on with {was}."), told);
  return say(_("The two part at word {next}: {before} says {was}, {after} says {is}."), told);
}
