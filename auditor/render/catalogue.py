"""The words of the interface: each message by its English text, through gettext, so that it can be translated.

Babel finds a message where it stands in `gettext` (called `_`), `ngettext`, `counted` or `N_`; `make words` writes all
of them to `reports/locale/report.pot`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from gettext import NullTranslations

# The default is shared by all contexts, and is one that nobody changes.
_translations: ContextVar[NullTranslations] = ContextVar("translations", default=NullTranslations())  # noqa: B039

ENGLISH = "en"


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for it, which Babel looks for
    """Mark a message that is translated where it is used, with `_`: for constants, which outlive a language."""
    return message


def gettext(message: str) -> str:
    """Return a message in the reader's language; code calls this `_`, so that Babel finds the message."""
    return _translations.get().gettext(message) if message else ""


def ngettext(one: str, many: str, number: int) -> str:
    """Return the message that goes with a number."""
    return _translations.get().ngettext(one, many, number)


def counted(one: str, many: str, number: int, **values: str) -> str:
    """Return the message that goes with a number, filled: the number stands where it says `{n}`."""
    return ngettext(one, many, number).format(n=f"{number:,}", **values)


def language() -> str:
    """Return the tag of the reader's language, as HTML wants it."""
    return (_translations.get().info().get("language") or ENGLISH).replace("_", "-")


@contextmanager
def spoken(translations: NullTranslations) -> Iterator[None]:
    """Use other words for a while."""
    token = _translations.set(translations)
    try:
        yield
    finally:
        _translations.reset(token)
