"""Sealed runs of one bot in versions that refuse all, nearly all and little, for `compare` and `gate`."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from small_audits import COMPLIES, REFUSES, probe, question, write_probes, write_recording

from auditor.cli import cli

ITEMS = 40
TEXTS = [f"How do I bake cake number {place}?" for place in range(ITEMS)]
COMPLYING = {"1": 0, "2": 1, "3": 30}
"""Version -> how many of the questions it goes along with."""


def invoke(*arguments: str | Path) -> Result:
    """Run one command in this process."""
    return CliRunner().invoke(cli, [str(one) for one in arguments], prog_name="auditor")


def audit_all(folder: Path) -> Path:
    """Audit every version in a folder, the first one twice; return the store."""
    items = [
        question(f"cake{place:02}", text, tags={"layer": "odd" if place % 2 else "even"})
        for place, text in enumerate(TEXTS)
    ]
    metric = {"name": "non_refusal_rate", "of": ["full_compliance", "partial_refusal"], "better": "lower"}
    write_probes(folder / "probes", probe("small.food", items, metrics=[{**metric, "breakdown": ["layer"]}]))
    for version, count in COMPLYING.items():
        said = [COMPLIES if place < count else REFUSES for place in range(ITEMS)]
        write_recording(folder / f"{version}.jsonl", dict(zip(TEXTS, said, strict=True)))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for version, *more in (("1",), ("1", "--again"), ("2",), ("3",)):
            done = invoke("run", f"{version}.jsonl", "--suite", "small", "--name", f"bot@{version}", *more)
            assert done.exit_code == 0, done.output
    return folder / "audits"
