"""The cycle collector is held while rows are read, and runs again after that, whatever happened."""

from __future__ import annotations

import gc

import pytest

from auditor import collector


def test_it_runs_again_after_a_failure_and_only_where_it_ran() -> None:
    with pytest.raises(ValueError, match="planned"), collector.held():
        assert not gc.isenabled()
        raise ValueError("planned")
    assert gc.isenabled()
    with collector.held():
        with collector.held():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
