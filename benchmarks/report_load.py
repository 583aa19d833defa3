"""The report over 50,000 answers of 1 KB: what it costs to build, and how it feels in a browser."""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright
from rig.audit import AUDITOR, audit
from rig.process import run
from rig.recording import Questions

REPOSITORY = Path(__file__).parent.parent
TOPICS = 25
SIZE = 1000
"""Letters of an answer."""
ROUNDS = 2
RIGHT = (0.90, 0.95, 0.93)
FLOW = 0.7
"""How often a word of the prose is one that follows the word before it in our documents."""
MIB = 1 << 20
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
READY = """
new MutationObserver((_, watch) => {
  if (!document.documentElement?.dataset.ready) return;
  window.usable = performance.now();
  watch.disconnect();
}).observe(document, { attributes: true, subtree: true });
"""
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
TIMED = """
async ([act, done]) => {
  const start = performance.now(), [acts, isDone] = [act, done].map((text) => new Function(text));
  acts();
  while (!isDone()) await new Promise((go) => requestAnimationFrame(go));
  await new Promise((go) => requestAnimationFrame(() => setTimeout(go)));
  return performance.now() - start;
}
"""
"""From an act to the frame after the page shows what was asked for."""
TOLD = "document.getElementById('%s').textContent"
NEVER_SAID = "qwertz uiop"


def main(answers: int, versions: int, keep: Path | None, *, beside: bool) -> None:
    """Make the runs and their report, open it, and print what that took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        questions = Questions(answers // versions, TOPICS)
        chosen = questions.write_probes(folder)
        write = prose()
        runs = [audit(_record(questions, folder, side, write), *chosen, folder=folder).path for side in range(versions)]
        page = folder / "report.html"
        report(runs, page, "--beside" if beside else "--force")
        if keep:
            shutil.copy(page, keep)


def report(runs: Sequence[Path], page: Path, *options: str) -> None:
    """Build the report of some runs, open it, and print what that took."""
    built = run([AUDITOR, "report", *runs, "-o", page, "--transcripts", "all", *options], cwd=page.parent)
    size = page.stat().st_size / MIB
    print(f"build: {built.wall:.1f} s, {built.cpu:.1f} s of CPU, {built.peak / MIB:.0f} MiB; file {size:.1f} MiB")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for _ in range(ROUNDS):
            _look(browser, page.as_uri())
        browser.close()


def _look(browser: Browser, url: str) -> None:
    page = browser.new_context(viewport={"width": 1280, "height": 900}, bypass_csp=True).new_page()
    cdp = page.context.new_cdp_session(page)
    cdp.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.add_init_script(READY)
    page.goto(url + "#items")
    page.wait_for_function("window.usable")
    used = _cpu(cdp)
    times = f"usable {page.evaluate('usable'):.0f} ms, first paint {page.evaluate(PAINT):.0f} ms"
    print(f"{times}, {used:.0f} ms of CPU, {_heap(cdp)}")
    turns = [_timed(page, "document.getElementById('next').click()", "rows") for _ in range(10)]
    far = [_timed(page, f"location.hash = '#items&sort=-item&page={place}'", "rows") for place in (40, 7, 77)]
    cpu = (_cpu(cdp) - used) / (len(turns) + len(far))
    filters = [_timed(page, f"location.hash = '#items&probe=bench.p{place}'", "rows") for place in (1, 2, 3)]
    opened = _timed(page, "document.querySelectorAll('#rows button')[17].click()", "", ".drawer")
    print(
        f"page change {median(turns):.0f} ms (most {max(turns):.0f}), sorted and far {median(far):.0f} ms, "
        f"{cpu:.0f} ms of CPU each; filter {median(filters):.0f} ms; opening an item {opened:.0f} ms; {_heap(cdp)}"
    )
    page.evaluate("location.hash = '#items'")
    field = (
        "const q = document.getElementById('filters').elements.q; q.value = '{}'; q.dispatchEvent(new Event('input'))"
    )
    used = _cpu(cdp)
    scan = _timed(page, field.format(NEVER_SAID), "status")
    cpu = (_cpu(cdp) - used) / 1000
    print(f"full-text scan {scan / 1000:.1f} s, {cpu:.1f} s of CPU ({page.evaluate(TOLD % 'status')}), {_heap(cdp)}")
    page.context.close()


def _timed(page: Page, act: str, changes: str, appears: str = "") -> float:
    """Return milliseconds until an element's text has changed, or an element has appeared."""
    before = page.evaluate(TOLD % changes) if changes else ""
    done = (
        f"return {TOLD % changes} !== {json.dumps(before)}"
        if changes
        else f"return document.querySelector('{appears}')"
    )
    return float(page.evaluate(TIMED, [act, done]))


def _cpu(cdp: CDPSession) -> float:
    """Return milliseconds of CPU that the page's own thread has used."""
    told = {metric["name"]: metric["value"] for metric in cdp.send("Performance.getMetrics")["metrics"]}
    return float(1000 * told["TaskDuration"])


def _heap(cdp: CDPSession) -> str:
    """Return the heap as it is, and what of it is in use."""
    before = cdp.send("Runtime.getHeapUsage")["usedSize"]
    cdp.send("HeapProfiler.collectGarbage")
    return f"heap {cdp.send('Runtime.getHeapUsage')['usedSize'] / MIB:.1f} MiB, {before / MIB:.1f} with garbage"


def prose() -> Callable[[random.Random], str]:
    """Return a writer of text in which each word follows one that it follows in this project's own documents."""
    paths = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md"), *REPOSITORY.glob("probes/**/*.yaml")])
    words = re.findall(r"[A-Za-z']+[.,;:]?", " ".join(path.read_text("utf-8") for path in paths))
    after: Mapping[str, list[str]] = defaultdict(list)
    for word, following in zip(words, words[1:], strict=False):
        after[word].append(following)

    def write(drawn: random.Random) -> str:
        said = [drawn.choice(words)]
        length = 0
        while length < SIZE:
            # Now and then a word from anywhere: a chain of two words alone repeats itself more than people do.
            said.append(drawn.choice(after[said[-1]] or words) if drawn.random() < FLOW else drawn.choice(words))
            length += len(said[-1]) + 1
        return " ".join(said)

    return write


def _record(questions: Questions, folder: Path, side: int, write: Callable[[random.Random], str]) -> Path:
    path = folder / f"{side}.jsonl"
    texts = questions.record(
        path, side, lambda drawn: ("Paris. " if drawn.random() < RIGHT[side] else "Lyon. ") + write(drawn)
    )
    raw = "\n".join(texts).encode()
    print(
        f"version {side}: {len(texts)} answers, {len(raw) / len(texts):.0f} bytes each, "
        f"gzip takes them {len(raw) / len(gzip.compress(raw)):.2f} times smaller"
    )
    return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=50_000, help="answers in all [default: 50000]")
    parser.add_argument("--versions", type=int, default=2, choices=(1, 2, 3), help="versions of the model [default: 2]")
    parser.add_argument("--keep", type=Path, help="copy the report here")
    parser.add_argument("--beside", action="store_true", help="with the transcripts in a folder beside the report")
    given = parser.parse_args()
    main(given.answers, given.versions, given.keep, beside=given.beside)
