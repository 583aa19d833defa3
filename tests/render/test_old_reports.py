"""Runs that earlier versions wrote: compared, judged, shown, and read in a browser within their budget."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser

from auditor.cli import cli
from auditor.runs.store import Store

ROOT = Path(__file__).parents[2]
STORES = sorted(path for path in (ROOT / "tests" / "old_runs").iterdir() if path.is_dir())
POLICY = str(ROOT / "demo" / "policy.yaml")
VERSIONS = ("demo@1.0", "demo@1.1", "demo@1.2")
WHOLE, WITHOUT_TEXTS = 8_000_000, 500_000
"""Bytes of a report by default, and of one without transcripts."""


def said(*arguments: str, codes: tuple[int, ...] = (0,)) -> str:
    """Return what a command prints."""
    outcome = CliRunner().invoke(cli, list(arguments), catch_exceptions=False)
    assert outcome.exit_code in codes, outcome.output
    return outcome.output


@pytest.mark.parametrize("store", STORES, ids=lambda path: path.name)
@pytest.mark.parametrize(
    "form",
    [
        "terminal",
        "json",
        *(pytest.param(one, marks=pytest.mark.slow) for one in ("junit", "sarif", "markdown", "github", "csv")),
    ],
)
def test_old_runs_are_compared_and_judged_in_every_form(store: Path, form: str) -> None:
    chosen = ("--store", str(store), "-f", form)
    assert "1.2" in said("compare", "demo@1.1", "demo@1.2", *chosen)
    assert said("gate", "demo@1.2", "--against", "demo@1.1", "--policy", POLICY, *chosen, codes=(0, 1, 3))


@pytest.mark.parametrize("store", STORES, ids=lambda path: path.name)
def test_old_runs_are_shown_and_summed_up(store: Path) -> None:
    chosen = ("--store", str(store))
    assert "verdict" in said("show", "demo@1.2", "-n", "3", *chosen)
    assert "verdict" in said("show", "demo@1.2", "--flipped-from", "demo@1.1", "-n", "3", *chosen)
    assert len(Store(store).runs()) == 3
    assert "n/fam" in said("report", "demo@1.2", "-f", "terminal", *chosen)


@pytest.mark.browser
@pytest.mark.parametrize(
    "store", [pytest.param(one, marks=pytest.mark.slow) for one in STORES], ids=[one.name for one in STORES]
)
@pytest.mark.parametrize("judged", [True, False])
def test_old_runs_are_read_in_a_browser_within_their_budget(
    chromium: Browser, store: Path, judged: bool, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    said("report", *VERSIONS, "--store", str(store), "-o", str(path), *(("--policy", POLICY) if judged else ()))
    assert path.stat().st_size <= WHOLE
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    told: list[Any] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda request: told.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]")
    page.locator("#rows button").first.click()
    page.wait_for_selector(".drawer")
    assert page.locator("#summary .ruling .word").inner_text() in (
        ("✗ FAIL", "✓ PASS", "? NOT ENOUGH EVIDENCE") if judged else ("Not judged",)
    )
    assert told == [path.as_uri()]
    page.close()


@pytest.mark.slow
def test_without_transcripts_the_newest_of_them_make_a_page_to_mail(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    chosen = ("--store", str(STORES[-1]), "--policy", POLICY, "--transcripts", "none")
    said("report", *VERSIONS, *chosen, "-o", str(path))
    assert path.stat().st_size <= WITHOUT_TEXTS
