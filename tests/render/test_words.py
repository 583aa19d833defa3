"""The words of the report: all of them are gathered for translators, and a page in another language has no others."""

from __future__ import annotations

import json
import re
from io import BytesIO
from pathlib import Path
from runpy import run_path

import pytest
from babel.messages.pofile import read_po

from auditor.compare import SEVERITIES, Standing
from auditor.decision import Why
from auditor.polarity import State
from auditor.render.html import MESSAGE
from auditor.render.templates import environment
from auditor.render.terms import TERMS
from auditor.render.transcripts import Change

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "reports/scripts").glob("*.js"))


@pytest.fixture(scope="module")
def gathered() -> str:
    return str(run_path(str(ROOT / "docs/words.py"))["gather"]())


def test_the_gathered_words_are_those_of_the_report(gathered: str) -> None:
    kept = (ROOT / "reports/locale/report.pot").read_text("utf-8")
    assert kept == gathered, "make words gathers them again"


def test_every_message_fills_all_its_places_in_every_number(gathered: str) -> None:
    catalogue = read_po(BytesIO(gathered.encode()))
    for message in catalogue:
        forms = message.id if isinstance(message.id, tuple) else (message.id,)
        places = [set(re.findall(r"%\((\w+)\)s|\{(\w+)", form)) for form in forms]
        assert all(found <= places[-1] for found in places), message.id
        assert message.id == "" or all(form.strip() for form in forms)


def test_every_term_of_the_data_is_a_message(gathered: str) -> None:
    assert {*State, *Change, *Standing, *SEVERITIES} <= set(TERMS)
    catalogue = read_po(BytesIO(gathered.encode()))
    assert all(str(term) in catalogue for term in [*TERMS, *Why])


def test_the_page_knows_every_message_of_its_scripts(gathered: str) -> None:
    catalogue = read_po(BytesIO(gathered.encode()))
    script = "".join(path.read_text("utf-8") for path in SCRIPTS)
    known = {json.loads(found) for found in MESSAGE.findall(script)}
    in_scripts = [message.id for message in catalogue if any(name.endswith(".js") for name, _ in message.locations)]
    assert known == {found if isinstance(found, str) else found[0] for found in in_scripts}


def test_numbers_in_messages_are_written_as_everywhere() -> None:
    made = environment().from_string(
        '{{ ngettext("%(num)s <b>", "%(num)s <i>", n) }}, {% trans n %}{{ n }} of 5%{% endtrans %}'
    )
    assert made.render(n=1200) == "1,200 <i>, 1,200 of 5%"
    assert made.render(n=1) == "1 <b>, 1 of 5%"
