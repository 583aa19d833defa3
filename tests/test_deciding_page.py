"""The page on deciding names all that a gate can say and all that a policy may hold, and its examples are valid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor.decision import Why
from auditor.policy import Anchor, Missing, Policy, Rule, Waiver

PAGE = Path(__file__).parents[1] / "docs" / "deciding.md"


@pytest.mark.parametrize("why", list(Why))
def test_it_says_how_to_read_each_reason(why: Why) -> None:
    assert re.search(rf"^\| {re.escape(why)} \|.*\|.*\|$|\*{re.escape(why)}\*", PAGE.read_text(), flags=re.MULTILINE)


@pytest.mark.parametrize("part", [Policy, Missing, Rule, Anchor, Waiver])
def test_it_describes_each_key_of_a_policy(part: type[Policy]) -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", PAGE.read_text(), flags=re.MULTILINE))
    assert {name for name in part.model_fields if not rows.get(name)} == set()
