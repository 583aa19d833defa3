"""What every page is made with: templates that escape, our own styles and scripts, and the policy that guards them."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from auditor.content import content

from . import marks
from .catalogue import gettext, language, ngettext
from .visible import plain, visible


def environment() -> Environment:
    """Return what turns a template into a page: all that a value of it prints is named and escaped."""
    made = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        loader=FunctionLoader(_template),
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.newstyle_gettext = True  # type: ignore[attr-defined]  # the extension adds it
    made.globals |= {"gettext": _gettext, "ngettext": _ngettext, "_": _gettext, "language": language}
    made.filters |= {"visible": visible, "term": gettext}
    made.globals["GLYPHS"] = marks.GLYPHS
    return made


def _gettext(message: str, **values: Any) -> Markup:
    return _filled(gettext(message), values)


def _ngettext(one: str, many: str, number: int, **values: Any) -> Markup:
    return _filled(ngettext(one, many, number), {"num": number, **values})


def _filled(message: str, values: dict[str, Any]) -> Markup:
    """Put values into a message of ours; they are named and escaped like all that a template prints.

    A whole number is written as everywhere, its thousands set apart.
    """
    told = {name: f"{value:,}" if isinstance(value, int) else value for name, value in values.items()}
    return Markup(message) % {name: _shown(value) for name, value in told.items()}


def _template(name: str) -> str:
    return content("reports").joinpath(name).read_text("utf-8")


def asset(name: str) -> Markup:
    """Return a style or script of ours, which goes into the page without its indents and lines of comment."""
    return Markup(re.sub(r"(?m)^[ \t]*(?://.*\n)?", "", content("reports").joinpath(name).read_text("utf-8")))


def _shown(value: Any) -> Any:
    """Name the hidden characters of every text that a template prints; markup is ours and stays as it is."""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def policy(style: str, script: str = "", *, beside: bool = False) -> str:
    """Return the content security policy that lets this style and this script in and nothing else.

    With `beside`, style sheets from where the page is may be read too.
    """
    styles = f"{_hash(style)} 'self'" if beside else _hash(style)
    scripts = f" script-src {_hash(script)};" if script else ""
    return f"default-src 'none'; style-src {styles};{scripts} base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"
