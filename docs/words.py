"""Gathers the words of the report from templates, scripts and code, and prints them as a template for translations.

    make words

The same words make the same bytes: there is no date in it, and a message names files and no lines.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import write_po
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[1]
KEYWORDS = {**DEFAULT_KEYWORDS, "N_": None, "counted": (1, 2)}
HEADER = """\
# The words of auditor's report, each by its English text. docs/translating.md says how to translate them.
# A translation is distributed under the same licence as auditor.
#
msgid ""
msgstr ""
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def metric_words(file: IO[bytes], *_: object, **_options: object) -> Iterator[tuple[int, None, str, list[str]]]:
    """Yield every text of `reports/metrics.yaml`."""
    for entry in YAML(typ="safe").load(file).values():
        for text in entry.values():
            yield 1, None, text, []


SOURCES: list[tuple[str, Any]] = [
    ("auditor/render/**.py", "python"),
    ("reports/**.html", "jinja2"),
    ("reports/scripts/**.js", "javascript"),
    ("reports/metrics.yaml", metric_words),
]
OPTIONS = {"**.html": {"newstyle_gettext": "true", "silent": "false"}}


def gather() -> str:
    """Return all messages, sorted, each with the files that it stands in."""
    found = Catalog(charset="utf-8")
    for name, _line, message, comments, context in extract_from_dir(ROOT, SOURCES, OPTIONS, KEYWORDS):
        found.add(message, locations=[(name, 1)], auto_comments=comments, context=context)
    body = io.BytesIO()
    write_po(body, found, width=120, omit_header=True, sort_output=True, include_lineno=False)
    return HEADER + body.getvalue().decode("utf-8")


if __name__ == "__main__":
    sys.stdout.write(gather())
