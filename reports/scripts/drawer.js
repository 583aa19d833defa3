// One item in full: what was asked, what each version answered, where the answers part, and how they were graded.
const HARMFUL = "harm"; // the battery whose answers stay folded until they are asked for

const note = (...children) => make("p", { class: "reason" }, ...children);
const chip = (text) => make("span", {}, visible(text));

function said(name, children) {
  return make("div", { class: "said" }, ...(name ? [make("p", { class: "who" }, visible(name))] : []), make("p", { class: "text" }, children));
}

function promptOf(asked) {
  const name = (place) => (asked.turns.length > 1 ? _("User, turn {number}", { number: place + 1 }) : _("User"));
  const shots = (asked.few_shot || []).map((shot) => [_("Example, {role}", { role: shot.role }), shot.content]);
  return [...(asked.system ? [[_("System"), asked.system]] : []), ...shots, ...asked.turns.map((text, place) => [name(place), text])];
}

const prompt = (asked) => make("div", { class: "prompt" }, ...promptOf(asked).map(([who, text]) => said(who, visible(text))));

function verdict(row, side) {
  const kind = stateOf(row, side), label = labelOf(row, side);
  return make("span", { class: "verdict " + kind }, ...(kind === "absent" ? [_(label)] : [_(kind), ": ", visible(label)]));
}

const placeOf = (row) => [row.sample || 0, row.repeat || 0, row.turn || 0, row.part || ""].join("/");

function nameOfReply(row) {
  const parts = [row.turn && _("turn {number}", { number: row.turn + 1 }), row.sample && _("sample {number}", { number: row.sample + 1 }), row.repeat && _("asked again"), row.part];
  return parts.filter(Boolean).join(", ");
}

function textOfReply(row) {
  if (row.text) return row.text;
  if (row.score !== undefined) return _("log-probability {score} over {count} tokens: {text}", { score: row.score.toFixed(2), count: row.score_tokens, text: row.continuation });
  return _("no text: {why}", { why: [row.status, row.reason].filter(Boolean).join(", ") });
}

// `shown` has the text in pieces where it is held against another version's.
function response(row, shown) {
  const parts = [];
  if (row.reasoning) parts.push(make("details", {}, make("summary", {}, _("Reasoning")), said("", visible(row.reasoning))));
  parts.push(said(nameOfReply(row), shown ?? visible(textOfReply(row))));
  if (row.status === "length") parts.push(note(_("cut at the token limit")));
  if (row.logprobs) parts.push(note(visible(_("log-probabilities: {numbers}", { numbers: JSON.stringify(row.logprobs) }))));
  for (const text of row.notes || []) parts.push(note(visible(text)));
  return parts;
}

function gradeOf(row) {
  const number = (value) => (value === undefined ? "" : value.toFixed(3));
  const head = [row.sample && _("sample {number}", { number: row.sample + 1 }), row.repeat && _("asked again"), row.label || _("undetermined"), number(row.value)];
  const told = [[_("Grader"), head.filter(Boolean).join(" \u00b7 ")]];
  if (row.probability !== undefined) told.push([_("Confidence"), number(row.probability)]);
  if (row.reason) told.push([_("Reason"), row.reason]);
  if (row.evidence) told.push([_("Decided by"), row.evidence]);
  return told;
}

const grade = (row) => make("dl", { class: "grade" }, ...gradeOf(row).flatMap(([name, text]) => [make("dt", {}, name), make("dd", {}, visible(text))]));

// The answers of the baseline and the candidate that belong together: "sample/repeat/turn/part" -> comparison.
function compared(found) {
  const pairs = new Map(), texts = new Map();
  if (index.baseline < 0 || found.hidden) return pairs;
  for (const row of found.replies[index.baseline].responses) if (row.text) texts.set(placeOf(row), row.text);
  for (const row of found.replies[index.candidate].responses) {
    const place = placeOf(row);
    if (row.text && texts.has(place)) pairs.set(place, compare(texts.get(place), row.text));
  }
  return pairs;
}

function shownPieces(list, tag) {
  return make("bdi", {}, ...list.flatMap(([piece, alone]) => (alone ? [make(tag, {}, ...badged(piece))] : badged(piece))));
}

function side(row, reply, place, pairs) {
  const which = place === index.baseline ? 0 : place === index.candidate ? 1 : -1;
  const answers = reply.responses.flatMap((one) => {
    const pair = which >= 0 && state.diff ? pairs.get(placeOf(one)) : null;
    return response(one, pair && shownPieces(pair.sides[which], which ? "ins" : "del"));
  });
  return make("div", { class: "side" },
    make("p", { class: "who" }, visible(index.versions[place].label), " ", verdict(row, place)),
    ...(reply.asked ? [note(_("This version was asked differently:")), prompt(reply.asked)] : []),
    ...answers, ...reply.verdicts.map(grade));
}

function differences(pairs) {
  if (!pairs.size) return [];
  const names = [index.baseline, index.candidate].map((place) => visible(index.versions[place].label));
  const [first] = pairs.values(), told = [note(...parting(first, names))];
  if (first.by === "sentences") told.push(note(_("These answers are too long to compare word by word: whole sentences are marked.")));
  if (first.by === "whole") told.push(note(_("These answers are too long to compare: all between their common beginning and end is marked.")));
  return told;
}

const withoutText = (found) => (found === null ? _("The text of this item was left out of this file.") : _("The text of this item is in a file that is not where the page looks for it, or damaged: keep the folder beside the page."));

function leftOut(row, found) {
  const commands = index.versions.filter((version, place) => stateOf(row, place) !== "absent").map((version) => make("pre", {}, visible(showCommand(version, { item: index.rows.id[row] }).text)));
  return [note(withoutText(found), " ", _("In a terminal, beside the runs:")), ...commands];
}

function facts(row) {
  const probe = probeOf(row), kin = index.rows.family.filter((first) => first === index.rows.family[row]).length;
  const family = make("a", { href: addressOf({ family: familyOf(row) }) }, _("same family: {count}", { count: counted(kin) }));
  const link = make("a", { href: addressOf({ item: index.rows.id[row] }) }, _("link to this item"));
  return [
    make("p", { class: "tags" }, chip(probe.id), chip(_("severity: {severity}", { severity: _(probe.severity) })), chip(_(changeOf(row))), ...tagsOf(row).map(chip)),
    make("p", { class: "reason" }, _("Family"), " ", visible(familyOf(row)), " \u00b7 ", family, " \u00b7 ", link),
  ];
}

const action = (name, act, attributes = {}) => {
  const button = make("button", { type: "button", ...attributes }, name);
  button.addEventListener("click", act);
  return button;
};

function actions(row, found, pairs) {
  const own = [action(_("Copy as Markdown"), () => copy(markdown(row, found), _("The item"))), action(_("Copy the command"), () => copy(itemCommand(row).text, _("The command")))];
  if (pairs.size) own.unshift(action(_("Mark differences"), toggleDiff, { id: "diff", "aria-pressed": state.diff }));
  return make("p", { class: "actions" }, ...own, action(_("Close"), () => change({ item: "" })));
}

function drawer(row, found, unfolded) {
  const inside = !found ? leftOut(row, found) : opened(row, found, unfolded);
  const body = make("div", { class: "body" }, ...facts(row), ...inside);
  return make("tr", { class: "drawer" }, make("td", { colspan: index.versions.length + 3 }, body));
}

function opened(row, found, unfolded) {
  const pairs = compared(found), harmful = probeOf(row).battery === HARMFUL;
  const told = [...differences(pairs), make("div", { class: "sides" }, ...found.replies.map((reply, place) => side(row, reply, place, pairs)))];
  const fold = make("details", { class: "folded" }, make("summary", {}, _("Show the answers: they may be harmful")), ...told);
  fold.open = unfolded;
  return [actions(row, found, pairs), prompt(found.item), ...(harmful ? [fold] : told)];
}
