"""How large a page may be: a large one is warned of, a very large one is not written by accident."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from auditor.cli import report

Auditor = Callable[..., Result]


def test_a_large_page_is_warned_of_and_a_very_large_one_wants_force(
    audited: Auditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "LARGE", 1_000)
    done = audited("report", "bot@1", "bot@2")
    assert done.exit_code == 0
    assert "which mail and some hosts refuse; --transcripts sample makes it smaller" in done.stderr
    monkeypatch.setattr(report, "LARGEST", 2_000)
    Path("report.html").unlink()
    done = audited("report", "bot@1", "bot@2", "--transcripts", "none")
    assert done.exit_code == 2
    assert "fewer versions make it smaller; or --force" in done.stderr
    assert not Path("report.html").exists()
    done = audited("report", "bot@1", "bot@2", "--force")
    assert (done.exit_code, Path("report.html").exists()) == (0, True)
