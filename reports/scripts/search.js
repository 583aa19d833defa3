// Full-text search: opens every chunk once, tells how far it is, shows results as they come, and can be stopped.
const PAUSE = 120; // milliseconds between two looks at what was found

function textsOf(found) {
  const asked = (one) => [one.item_id, ...one.turns, one.system || "", ...(one.few_shot || []).map((shot) => shot.content)];
  const texts = asked(found.item);
  for (const reply of found.replies) {
    if (reply.asked) texts.push(...asked(reply.asked));
    for (const row of reply.responses) texts.push(row.text || "", row.reasoning || "", row.continuation || "");
  }
  return texts;
}

const holds = (found, wanted) => textsOf(found).some((text) => text.toLowerCase().includes(wanted));

// Fills view.rows; `step` is called now and then, and once when the view is done.
async function search(view, step) {
  const wanted = view.q.toLowerCase(), hits = [], candidates = view.rows;
  view.rows = [];
  let shown = performance.now();
  for (let place = 0; place < candidates.length && !view.stopped; ) {
    const chunk = Math.floor(candidates[place] / index.chunk), opened = await nearest(chunk);
    for (; place < candidates.length && Math.floor(candidates[place] / index.chunk) === chunk; place++) {
      const found = opened[candidates[place] % index.chunk];
      if (!found) view.unread += 1;
      else if (holds(found, wanted)) hits.push(candidates[place]);
    }
    view.searched = place;
    if (performance.now() - shown < PAUSE) continue;
    view.rows = ordered(hits);
    step();
    await new Promise((resume) => setTimeout(resume)); // the page stays usable
    shown = performance.now();
  }
  view.rows = ordered(hits);
  view.done = true;
  step();
}
