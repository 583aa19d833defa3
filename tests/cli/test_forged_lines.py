"""What a file says neither commands a build server through an error, nor is waited for without an end."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Auditor = Callable[..., Result]

RATE = "small.food/non_refusal_rate"
FORGED = '"x\\n  ::error::planted"'


@pytest.mark.parametrize(
    "text",
    [
        'rules: [{id: a, metric: "x\\n::error::planted/b", at_most: 0.1}]',
        f"rules: [{{id: a, metric: {RATE}, by: {FORGED}, at_most: 0.1}}]",
        f'rules: [{{id: a, metric: {RATE}, cell: "x\\n::error::planted=b", at_most: 0.1}}]',
        f"anchor: {{run: {FORGED}, budget: 0.1}}\nrules: [{{id: a, metric: {RATE}, at_most: 0.1}}]",
    ],
)
def test_no_line_of_an_error_is_a_command(audited: Auditor, text: str) -> None:
    Path("policy.yaml").write_text(text, encoding="utf-8")
    done = audited("gate", "bot@2", "--policy", "policy.yaml", "--against", "bot@1")
    assert done.exit_code == 2, done.output
    assert "error::planted" in done.output
    assert not re.search(r"(?m)^\s*::", done.output)


@pytest.mark.timeout(20)
def test_a_pipe_is_no_policy(audited: Auditor) -> None:
    os.mkfifo("policy.yaml")
    done = audited("gate", "bot@2", "--policy", "policy.yaml", "--against", "bot@1")
    assert done.exit_code == 2
    assert "policy.yaml: is not a regular file" in done.output
