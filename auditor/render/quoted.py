"""What others wrote, on a terminal: every line of it stands behind a gutter, so that none can pass for ours.

A build server takes a line that begins with `::` for a command, and a reader takes one at the margin for a verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.text import Text

from auditor.errors import one_line
from auditor.render.visible import plain

INDENT = "  "
GUTTER, ASCII_GUTTER = "│ ", "| "
WIDEST_NAME = 20
MOST_SHOWN = 20_000
"""Characters of one message that are shown; laying out megabytes would take a minute."""


@dataclass(frozen=True, slots=True)
class Said:
    """One message, whose it is and the colour of both its name and its gutter."""

    who: str
    text: str
    style: str


@dataclass(frozen=True, slots=True)
class Quotation:
    """Messages one below the other: names on the left, all texts behind one gutter."""

    said: Sequence[Said]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lay the messages out in the width there is."""
        names = [_fitting(plain(one_line(one.who)), options) for one in self.said]
        widest = min(WIDEST_NAME, options.max_width // 3)
        wide = min(max(cell_len(name) for name in names), widest)
        for name, one in zip(names, self.said, strict=True):
            yield from _lines(name, one, wide, console, options)


@dataclass(frozen=True, slots=True)
class Harmless:
    """A page of ours in which nothing that it names can begin a line as a command, however it was wrapped."""

    page: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Put the gutter before such a line."""
        for line in console.render_lines(self.page, options, pad=False):
            if "".join(segment.text for segment in line).lstrip().startswith("::"):
                yield Segment(_gutter(options))
            yield from line
            yield Segment.line()


def _gutter(options: ConsoleOptions) -> str:
    return ASCII_GUTTER if options.ascii_only else GUTTER


def _lines(name: str, said: Said, wide: int, console: Console, options: ConsoleOptions) -> Iterable[Text]:
    gutter = _gutter(options)
    room = max(options.max_width - len(INDENT) - wide - 1 - len(gutter), 2)
    text = Text(_fitting(plain(said.text[:MOST_SHOWN]), options))
    if len(said.text) > MOST_SHOWN:
        text.append(f"\n... {len(said.text) - MOST_SHOWN} more characters, see -f json", style=said.style)
    left = [line.plain for line in Text(name).wrap(console, wide, overflow="fold")]
    for beside, line in zip_longest(left, text.wrap(console, room, overflow="fold")):
        margin = f"{INDENT}{set_cell_size(beside or '', wide)} "
        yield Text.assemble((margin + gutter, said.style), line or "", no_wrap=True, overflow="ignore")


def _fitting(text: str, options: ConsoleOptions) -> str:
    """Return text as it will be written where letters are lacking: a line must not grow after it was laid out."""
    return text.encode(options.encoding, "backslashreplace").decode(options.encoding)
