"""How surely the quick selftest notices an interval whose width is 0.8 of what it should be."""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from narrowed import NARROWINGS, narrowed

from auditor.selftest.checks import CHECKS, run_checks
from auditor.selftest.grid import QUICK

SEEDS = 20


def fails(names: tuple[str, ...], seed: int) -> list[str]:
    """Return the promises that are not kept."""
    return [row.name for row in run_checks(QUICK, seed, names=names).rows if not row.kept]


def noticed(name: str, seed: int) -> list[str]:
    """Return the promises that are not kept with one interval narrowed, in the check that is about it."""
    with narrowed(name) as check:
        return fails((check,), seed)


def main() -> None:
    """Print how many seeds fail, intact and narrowed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many, from 1 on [default: 20]")
    parser.add_argument("--only", choices=["intact", *NARROWINGS], help="one line of the table")
    options = parser.parse_args()
    seeds = range(1, options.seeds + 1)
    cases = {"intact": partial(fails, tuple(CHECKS)), **{name: partial(noticed, name) for name in NARROWINGS}}
    right = True
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for name, case in cases.items():
            if options.only not in (None, name):
                continue
            start = time.monotonic()
            broken = list(pool.map(case, seeds))
            failed = sum(map(bool, broken))
            right = right and failed == (0 if name == "intact" else len(seeds))
            rows = {row for found in broken for row in found} if name == "intact" else ()
            print(
                f"{name:26}{failed:3} of {len(seeds)} seeds fail  {time.monotonic() - start:6.0f} s", *rows, flush=True
            )
    sys.exit(not right)


if __name__ == "__main__":
    main()
