"""The words of the interface: each message by its English text, through gettext, so that it can be translated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from gettext import NullTranslations

_translations: ContextVar[NullTranslations] = ContextVar("translations", default=NullTranslations())  # noqa: B039


def gettext(message: str) -> str:
    """Return a message in the reader's language; code calls this `_`, so that Babel finds the message."""
    return _translations.get().gettext(message)


def ngettext(one: str, many: str, number: int) -> str:
    """Return the message that goes with a number."""
    return _translations.get().ngettext(one, many, number)


@contextmanager
def spoken(translations: NullTranslations) -> Iterator[None]:
    """Use other words for a while."""
    token = _translations.set(translations)
    try:
        yield
    finally:
        _translations.reset(token)
