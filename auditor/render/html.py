"""The HTML report: one offline file that needs no network, and no script to be read.

A report is made of hostile text. It enters the page as escaped text only: through autoescape, with every hidden
character named (`visible`), or inside data blocks that are never run (`embed`). A content security policy with
the hashes of the one style and the one script keeps anything else from running.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from auditor.content import content
from auditor.decision import Decision

from . import marks
from .catalogue import gettext, ngettext
from .material import Material
from .page import build_page
from .versions import read_versions
from .visible import plain, visible
from .wording import count

if TYPE_CHECKING:
    from auditor.runs.record import Run


def render_report(
    runs: Sequence[Run],
    *,
    against: Run | None = None,
    again: Run | None = None,
    decision: Decision | None = None,
    command: str | None = None,
) -> str:
    """Return the report over model versions: `runs` come oldest first, the candidate last.

    The candidate is held against the run before it, or `against`; `again` is that one asked again, and `decision`
    what a policy made of the candidate. `command` is the command line that makes this report, to be shown in it.
    The text is valid UTF-8, and equal runs give equal bytes.
    """
    material = Material(read_versions(runs, against), command, decision, again)
    style, script = _asset("report.css"), _asset("report.js")
    return (
        _environment()
        .get_template("page.html")
        .render(
            title=f"{material.candidate.run.model_id}: safety audit",
            shown=build_page(material),
            style=style,
            script=script,
            policy=_policy(style, script),
            hatching=marks.hatching(),
        )
    )


def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        loader=FunctionLoader(_template),
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.newstyle_gettext = True  # type: ignore[attr-defined]  # the extension adds it
    environment.globals |= {"gettext": _gettext, "ngettext": _ngettext, "_": _gettext}
    environment.filters |= {"visible": visible, "counted": count}
    environment.globals["GLYPHS"] = marks.GLYPHS
    return environment


def _gettext(message: str, **values: Any) -> Markup:
    return _filled(gettext(message), values)


def _ngettext(one: str, many: str, number: int, **values: Any) -> Markup:
    return _filled(ngettext(one, many, number), values)


def _filled(message: str, values: dict[str, Any]) -> Markup:
    """Put values into a message of ours; they are named and escaped like all that a template prints."""
    return Markup(message) % {name: _shown(value) for name, value in values.items()}


def _template(name: str) -> str:
    return content("reports").joinpath(name).read_text("utf-8")


def _asset(name: str) -> Markup:
    """Return a style or script of ours, which goes into the page as it is."""
    return Markup(content("reports").joinpath(name).read_text("utf-8"))


def _shown(value: Any) -> Any:
    """Name the hidden characters of every text that a template prints; markup is ours and stays as it is."""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"
