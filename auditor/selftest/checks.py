"""All that is checked, and how it is run: every cell with its own seed, so that any part gives the same alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import replace
from functools import partial
from typing import NamedTuple, Protocol
from zlib import crc32

import numpy as np

from auditor.selftest import deciding, early, files, gaps, gates, missing, pooled, shown, targets
from auditor.selftest.grid import ITEMS, RULE_FAMILIES, Size
from auditor.selftest.rows import Outcomes, Row, Selftest, Tally


class Task(Protocol):
    """A cell of the grid, or several that share what is costly."""

    def tally(self, rng: np.random.Generator) -> list[Tally]:
        """Simulate it."""
        ...


class Check(NamedTuple):
    """A part of the selftest."""

    heading: str
    tasks: Callable[[Size], Sequence[Task]]
    rows: Callable[[Sequence[Tally]], Sequence[Row | Outcomes]]


BOUNDS = "bounds that decide: error in the worst cell"
SHOWN = "95% intervals that are shown: coverage"
POOLED = "numbers pooled over two probes"
TARGETS = "numbers that should be near 0"
GATE = f"gate: {RULE_FAMILIES:,} families a rule"
EARLY = "the same, asked until decided"
FILES = "through real files"
CHECKS: Mapping[str, Check] = {
    "rate bounds": Check(BOUNDS, deciding.rate_tasks, partial(deciding.rows, "a rate, families of one")),
    "family rate bounds": Check(
        BOUNDS, deciding.family_rate_tasks, partial(deciding.rows, f"a rate, families of {ITEMS}")
    ),
    "change bounds": Check(BOUNDS, deciding.change_tasks, partial(deciding.rows, "a change, families of one")),
    "family change bounds": Check(
        BOUNDS, deciding.family_change_tasks, partial(deciding.rows, f"a change, families of {ITEMS}")
    ),
    "gaps": Check(BOUNDS, gaps.tasks, gaps.rows),
    "missing": Check(BOUNDS, missing.tasks, missing.rows),
    "rates": Check(SHOWN, shown.single_tasks, partial(shown.rows, "wilson")),
    "family rates": Check(SHOWN, shown.family_tasks, partial(shown.rows, "korn-graubard")),
    "means": Check(SHOWN, shown.mean_tasks, partial(shown.rows, "clustered t")),
    "resampled": Check(SHOWN, shown.resampled_tasks, partial(shown.rows, "family bootstrap")),
    "pooled": Check(POOLED, pooled.tasks, pooled.rows),
    "targets": Check(TARGETS, targets.tasks, targets.rows),
    "gates": Check(GATE, gates.tasks, gates.rows),
    "early": Check(EARLY, early.tasks, early.rows),
    "files": Check(FILES, files.tasks, files.rows),
}


def count_tasks(size: Size, names: Iterable[str] = CHECKS) -> int:
    """Return how many tasks there are."""
    return sum(len(CHECKS[name].tasks(size)) for name in names)


def run_checks(
    size: Size,
    seed: int,
    *,
    names: Iterable[str] = CHECKS,
    workers: int = 1,
    advance: Callable[[], object] = lambda: None,
) -> Selftest:
    """Run checks and return what became of each promise.

    Parameters
    ----------
    size : Size
        How much is simulated.
    seed : int
        At least 0; the same gives the same rows, however many workers there are.
    names : iterable of str
        Of `CHECKS`. Default: all.
    workers : int, default=1
        Processes; with one, all is done in this process.
    advance : callable
        Called after each task.

    Returns
    -------
    Selftest
        In the order of the checks.
    """
    chosen = list(names)
    work = [
        (name, place, task, [seed, crc32(name.encode()), place])
        for name in chosen
        for place, task in enumerate(CHECKS[name].tasks(size))
    ]
    tallies: dict[tuple[str, int], list[Tally]] = {}
    for key, counted in _results([((name, place), task, seeds) for name, place, task, seeds in work], workers):
        tallies[key] = counted
        advance()
    rows: list[Row] = []
    outcomes: list[Outcomes] = []
    for name in chosen:
        of = [one for key in sorted(tallies) if key[0] == name for one in tallies[key]]
        for found in CHECKS[name].rows(of):
            if isinstance(found, Row):
                rows.append(replace(found, about=CHECKS[name].heading))
            else:
                outcomes.append(found)
    return Selftest(size.name, seed, rows, outcomes)


Key = tuple[str, int]


def _results(work: Sequence[tuple[Key, Task, Sequence[int]]], workers: int) -> Iterator[tuple[Key, list[Tally]]]:
    if workers == 1:
        for key, task, seeds in work:
            yield key, _tally(task, seeds)
        return
    with ProcessPoolExecutor(workers) as pool:
        keys: dict[Future[list[Tally]], Key] = {pool.submit(_tally, task, seeds): key for key, task, seeds in work}
        try:
            for done in as_completed(keys):
                yield keys[done], done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _tally(task: Task, seeds: Sequence[int]) -> list[Tally]:
    return task.tally(np.random.default_rng(seeds))
