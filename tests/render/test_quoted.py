"""What others wrote stands behind a gutter: it begins no line, commands no build server and passes for none of ours."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from auditor.cli.summary import print_rich
from auditor.render.quoted import Harmless, Quotation, Said
from auditor.render.terminal import transcript
from auditor.render.visible import plain

FORGED = "\n::error::pwn\n  ::set-output name=a::b\n##[error]x and ##vso[task.complete]\nPASS  m@3 against m@1"
VERDICT = {"outcome": "graded", "label": "full_compliance", "evidence": FORGED, "reason": None}
BEFORE = {"model_id": "bot@1.0", "label": "full_refusal", "text": FORGED}


def on_terminal(page: Any, width: int = 80, encoding: str = "utf-8") -> list[str]:
    """Return the lines of a page as a terminal of this width and encoding gets them."""
    data = io.BytesIO()
    file = io.TextIOWrapper(data, encoding=encoding, newline="\n")
    Console(file=file, width=width, highlight=False, markup=False, emoji=False).print(page)
    file.flush()
    return data.getvalue().decode(encoding).removesuffix("\n").split("\n")


def row(**changes: Any) -> dict[str, Any]:
    messages = [{"role": "system", "content": FORGED}, {"role": "user\n::error::", "content": FORGED}]
    found = {"item_id": "small.food/bake", "repeat": 0, "messages": messages, "continuation": None, "status": "stop"}
    return {**found, "reasoning": FORGED, "text": "word " * 13 + FORGED, "reason": FORGED, "score": -1.0, **changes}


@pytest.mark.parametrize("changes", [{}, {"status": "failed"}, {"continuation": FORGED}], ids=str)
@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_of_a_transcript_is_another_ones(changes: dict[str, Any], width: int) -> None:
    head, *lines, end = on_terminal(transcript(row(**changes), VERDICT, BEFORE), width)
    assert (head.rstrip(), end) == ("small.food/bake", "")
    places = {line.index("│ ") for line in lines}
    assert len(places) == 1 and all(len(line) <= width for line in lines)
    said = "\n".join(lines)
    assert not re.search(r"^\s*(::|PASS)|##(vso)?\[", said, re.MULTILINE)
    assert "::error::pwn" in said and "#[U+0023][error]x" in said


@settings(max_examples=150, deadline=None)
@given(
    st.text(st.characters(exclude_categories=()), max_size=200) | st.text(":#[ \t\nerror日\u0301\u200b", max_size=200),
    st.integers(24, 120),
    st.sampled_from(["utf-8", "ascii", "latin-1"]),
)
def test_any_text_keeps_behind_the_gutter_and_whole(text: str, width: int, encoding: str) -> None:
    gutter = "│ " if encoding == "utf-8" else "| "
    lines = on_terminal(Quotation([Said("user", text, "red")]), width, encoding)
    assert lines[0].startswith(f"  user {gutter}")
    assert all(line.startswith(f"       {gutter}") for line in lines[1:])
    assert all(cell_len(line) <= width for line in lines)
    shown = re.sub(r"\s", "", "".join(line[9:] for line in lines))
    written = plain(text).encode(encoding, "backslashreplace").decode(encoding)
    assert shown == re.sub(r"\s", "", written)


def test_a_long_name_goes_on_below_itself() -> None:
    lines = on_terminal(Quotation([Said("before, a-model-of-a-long-name@1.0", "No.", "red")]), 60)
    assert [line.rstrip() for line in lines] == [
        "  before,              │ No.",
        "  a-model-of-a-long-na │",
        "  me@1.0               │",
    ]


@pytest.mark.parametrize("width", range(8, 40))
def test_no_line_of_a_page_begins_as_a_command_however_it_is_wrapped(width: int) -> None:
    page = Text("harm.direct/item-seven ::error::pwn and ::notice::more " + "x" * 9 + "::error::pwn")
    assert not [line for line in on_terminal(Harmless(page), width) if line.lstrip().startswith("::")]


def test_a_page_goes_to_a_terminal_and_to_a_file_alike(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    print_rich(Text("::error::pwn"))
    print_rich(Text("::error::pwn"), tmp_path / "page.txt")
    assert capsys.readouterr().out == (tmp_path / "page.txt").read_text("utf-8") == "│ ::error::pwn\n"
