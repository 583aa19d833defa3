"""The content folders are found from inside the package."""

from __future__ import annotations

import pytest

from auditor.content import content


@pytest.mark.parametrize(
    ("name", "file"), [("probes", "harm/direct.yaml"), ("reports", "page.html"), ("reports", "sections/summary.html")]
)
def test_content_is_found(name: str, file: str) -> None:
    assert content(name).joinpath(file).read_text("utf-8")  # type: ignore[arg-type]  # the parameter is a literal
