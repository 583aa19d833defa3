"""The HTML report: one offline file that needs no network, and no script to be read.

A report is made of hostile text. It enters the page as escaped text only: through autoescape, with every hidden
character named (`visible`), or inside data blocks that are never run (`embed`). A content security policy with
the hashes of the one style and the one script keeps anything else from running.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import nullcontext
from gettext import NullTranslations
from typing import TYPE_CHECKING

from markupsafe import Markup

from auditor import collector
from auditor.agreement import Label
from auditor.decision import Decision

from . import marks
from .catalogue import gettext as _
from .catalogue import spoken
from .extent import DEFAULT, Sharing
from .material import Material
from .page import build_page
from .sections import behind
from .templates import asset, environment, policy
from .terms import TERMS
from .versions import read_versions

if TYPE_CHECKING:
    from auditor.runs.record import Run

SCRIPTS = ("text", "storage", "address", "filters", "search", "diff", "drawer", "copy", "table", "keys", "page")
"""The files of `reports/scripts`, joined in this order into the page's one script: each uses only what stands before
it while it is read, and anything once the last one starts the page."""

MESSAGE = re.compile(r'\b_\(("(?:[^"\\]|\\.)*")')
"""A message in a script; each stands in double quotes, whole."""


def render_report(
    runs: Sequence[Run],
    *,
    against: Run | None = None,
    again: Run | None = None,
    decision: Decision | None = None,
    command: tuple[str, ...] = (),
    labels: Sequence[Label] = (),
    sharing: Sharing = DEFAULT,
    translations: NullTranslations | None = None,
) -> str:
    """Return the report over model versions: `runs` come oldest first, the candidate last.

    The candidate is held against the run before it, or `against`; `again` is that one asked again, and `decision`
    what a policy made of the candidate. `command` are the words of the command line that makes this report, to
    be shown in it; `labels` are what people say that answers are, and `sharing` is what the file holds and hides.
    `translations` are the words of the page in another language (docs/translating.md).
    The text is valid UTF-8, and equal runs give equal bytes.
    """
    with spoken(translations) if translations else nullcontext():
        return render_material(Material(read_versions(runs, against), command, decision, again, labels, sharing))


@collector.held()
def render_material(material: Material) -> str:
    """Return the report over what was read; `material.embedded.files` belong beside it."""
    style, script = asset("report.css"), _script()
    shown = build_page(material)
    return (
        environment()
        .get_template("page.html")
        .render(
            title=_("{model}: safety audit").format(model=material.candidate.run.model_id),
            shown=shown,
            behind=behind.build(material, (part.view for part in shown)),
            style=style,
            script=script,
            chunks=map(Markup, material.embedded.chunks),  # base64 holds nothing that would need escaping
            words=_words(script),
            policy=policy(style, script, beside=bool(material.embedded.files)),
            hatching=marks.hatching(),
        )
    )


def _script() -> Markup:
    """Return the script: strict, and in a scope of its own, so that nothing in the page can reach into it."""
    parts = [asset(f"scripts/{name}.js") for name in SCRIPTS]
    return Markup("").join([Markup('"use strict";\n(() => {\n'), *parts, Markup("})();\n")])


def _words(script: str) -> Markup:
    """Return the script's messages in the reader's language as JSON that cannot end its block; empty in English."""
    messages = dict.fromkeys([*TERMS, *(json.loads(found) for found in MESSAGE.findall(script))])
    told = {message: _(message) for message in messages if _(message) != message}
    return Markup(json.dumps(told, sort_keys=True).replace("<", "\\u003c")) if told else Markup("")
