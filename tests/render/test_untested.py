"""What a report says was not tested, of runs that ask a planted part of their probes."""

from __future__ import annotations

from pathlib import Path

from small_audits import COMPLIES, probe, question, replayed, write_probes, write_recording

from auditor.render.material import Material
from auditor.render.sections import untested
from auditor.render.versions import read_versions
from auditor.runs.store import Store

TEXTS = [f"How do I bake loaf number {place}?" for place in range(6)]


async def test_how_many_families_a_run_leaves_out(tmp_path: Path) -> None:
    items = [question(f"i{place}", text, family=f"f{place // 2}") for place, text in enumerate(TEXTS)]
    folder = write_probes(tmp_path / "probes", probe("small.plain", items))
    recording = write_recording(tmp_path / "said.jsonl", dict.fromkeys(TEXTS, COMPLIES))
    store = Store(tmp_path / "audits")
    runs = [await replayed(folder, recording, store, **chosen) for chosen in ({"limit": 2}, {})]
    part, every = (Material(read_versions([run])) for run in runs)
    assert "1 of the 3 families of the probes" in untested.in_short(part)
    assert [one for one in untested.build(part).scope if "families" in one] == [
        "Of the 3 families of its probes this run asks 2; the others were not tested."
    ]
    assert not [one for one in (untested.in_short(every), *untested.build(every).scope) if "families" in one]
