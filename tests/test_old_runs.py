"""Runs that earlier versions of auditor wrote still open, verify and render."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.battery.library import Library
from auditor.content import content
from auditor.render.html import render_report
from auditor.render.json import summary
from auditor.runs.record import open_run
from auditor.runs.store import Store

STORES = sorted(path for path in (Path(__file__).parent / "old_runs").iterdir() if path.is_dir())


@pytest.mark.parametrize("store", STORES, ids=lambda path: path.name)
def test_old_runs_open_and_render(store: Path) -> None:
    runs = [open_run(found.run_id, Store(store)) for found in Store(store).runs()]
    assert runs
    for run in runs:
        assert run.problems == []
        assert len(run.items) and len(run.responses) and len(run.verdicts)
        assert summary(run)["estimates"]
    page = render_report(runs)
    assert all(run.model_id in page for run in runs)


@pytest.mark.parametrize("store", STORES, ids=lambda path: path.name)
def test_a_probe_asks_under_one_version_what_it_always_asked(store: Path) -> None:
    """Else a new run and an old one were measured by different instruments, and nobody knows."""
    library = Library((Path(str(content("probes"))),))
    for found in Store(store).runs():
        asked = {probe["id"]: (probe["version"], probe["hash"]) for probe in found.manifest["probes"]}
        now = {name: (library.probe(name).doc.version, library.probe(name).digest) for name in asked if name in library}
        assert {name: asked[name] for name in now if now[name][0] == asked[name][0]} == {
            name: both for name, both in now.items() if both[0] == asked[name][0]
        }
