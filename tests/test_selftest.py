"""The selftest passes on the auditor as it is, and fails on one whose intervals are too narrow."""

import json
import os
from functools import partial
from io import StringIO

import pytest
from click.testing import CliRunner
from narrowed import NARROWINGS, narrowed
from rich.console import Console

from auditor.cli import cli
from auditor.render import selftest as forms
from auditor.selftest import truth
from auditor.selftest.checks import CHECKS, count_tasks, run_checks
from auditor.selftest.grid import QUICK
from auditor.selftest.rows import Row, Selftest, Tally, mean_row, worst_row

SEED = 3
WORKERS = os.cpu_count() or 1


@pytest.mark.timeout(600)
def test_every_promise_is_kept() -> None:
    done = []
    found = run_checks(QUICK, SEED, workers=WORKERS, advance=partial(done.append, 1))
    assert [row for row in found.rows if not row.kept] == []
    assert len(done) == count_tasks(QUICK)
    assert {row.about for row in found.rows} == {check.heading for check in CHECKS.values()}
    for one in found.outcomes:
        assert one.passed + one.failed + one.left_open == pytest.approx(1)
    lines = terminal_lines(found)
    assert len(lines) <= 90 and max(map(len, lines)) <= 80


@pytest.mark.parametrize("name", ["wilson", "betting", "paired t", "worst case, deciding"])
def test_an_interval_that_is_too_narrow_is_noticed(name: str) -> None:
    with narrowed(name) as check:
        assert not run_checks(QUICK, SEED, names=[check]).kept


@pytest.mark.slow
@pytest.mark.parametrize("name", NARROWINGS)
def test_every_interval_that_is_too_narrow_is_noticed(name: str) -> None:
    with narrowed(name) as check:
        noticed = [not run_checks(QUICK, seed, names=[check]).kept for seed in (1, 2)]
    assert all(noticed)


def test_the_seed_decides_and_the_workers_do_not() -> None:
    names = ["means", "rates"]
    found = run_checks(QUICK, SEED, names=names)
    assert run_checks(QUICK, SEED, names=names, workers=2) == found
    alone = run_checks(QUICK, SEED, names=["rates"]).rows
    assert alone == found.rows[-len(alone) :]
    assert run_checks(QUICK, SEED + 1, names=names).rows != found.rows


@pytest.mark.parametrize("size, correlation", [(1, 0.0), (5, 0.0), (5, 0.2), (5, 0.5)])
def test_planted_families_have_the_rate_and_the_correlation(size: int, correlation: float) -> None:
    kinds = truth.family_kinds((0.07, 0.05, 0.88), size, correlation)
    mean = kinds.chances @ kinds.states / size
    assert mean == pytest.approx([0.07, 0.05, 0.88])
    bad = kinds.states[:, 0]
    variance = kinds.chances @ (bad - size * 0.07) ** 2
    assert variance == pytest.approx(size * 0.07 * 0.93 * (1 + (size - 1) * correlation))


def test_a_row_is_judged_by_its_worst_cell() -> None:
    tallies = [Tally("x", "few", 3, 20), Tally("x", "many", 1500, 20_000)]
    row = worst_row("x", "at most", 0.05, tallies)
    assert (row.where, row.kept, row.cells) == ("many", False, 2)
    assert worst_row("x", "at most", 0.05, tallies[:1]).kept, "3 of 20 is no proof"
    assert not worst_row("x", "at most", 0.0, [Tally("x", "once", 1, 10_000)]).kept, "never is never"
    assert not mean_row("x", "at least", 0.94, [Tally("x", "", 900, 1000)] * 10).kept


def terminal_lines(found: Selftest) -> list[str]:
    text = StringIO()
    Console(file=text, width=80).print(forms.terminal(found))
    return text.getvalue().splitlines()


def row(**changes: object) -> Row:
    made = {"name": "a", "side": "at most", "bound": 0.05, "seen": 0.2, "z": 3.7, "error": 0.01, "replicates": 9}
    return Row(**{**made, "cells": 2, "where": "here", **changes})


def test_what_is_not_kept_is_told_in_every_form() -> None:
    found = Selftest("quick", 4, [row(), row(seen=0.05)])
    said = json.loads(forms.as_json(found))
    assert (said["kept"], [one["kept"] for one in said["rows"]]) == (False, [False, True])
    assert "1 of 2 promises are not kept" in forms.markdown(found)
    assert "| **not kept** | a | <= 5% | 20.00% |" in forms.markdown(found)
    lines = terminal_lines(found)
    assert any("NOT KEPT" in line for line in lines) and any("here (worst of 2)" in line for line in lines)


@pytest.mark.parametrize("error, code", [(0.01, 1), (0.5, 0)])
def test_the_exit_code_says_whether_all_is_kept(monkeypatch: pytest.MonkeyPatch, error: float, code: int) -> None:
    found = Selftest("quick", 1, [row(error=error)])
    monkeypatch.setattr("auditor.selftest.checks.run_checks", lambda *_, **__: found)
    done = CliRunner().invoke(cli, ["selftest"])
    assert done.exit_code == code
    assert ("NOT KEPT" in done.stdout) is bool(code)


def test_every_check_makes_rows() -> None:
    assert len(CHECKS) == 15
    assert all(check.tasks(QUICK) for check in CHECKS.values())
