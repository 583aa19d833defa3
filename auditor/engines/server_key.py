"""A server's key: it comes from the environment, and is hidden wherever the server says it."""

from __future__ import annotations

import os

from auditor.target import Target

SHORTEST = 4
"""Letters of a key that can be hidden; those of a shorter one are in too many words."""
PLACEHOLDERS = frozenset({"dummy", "empty", "none", "null", "test"})
"""What is given for a key where a server wants none: no secret, and words that answers may hold."""
HIDDEN = "[key]"


def server_key(target: Target) -> str:
    """Return the key for the target's server, empty where there is none."""
    return os.environ.get(target.api_key_env, "").strip()


def without_key(text: str, key: str) -> str:
    """Return what a server says with the key hidden."""
    secret = len(key) >= SHORTEST and key.casefold() not in PLACEHOLDERS
    return text.replace(key, HIDDEN) if secret else text


def key_warning(target: Target) -> str | None:
    """Return what a person must know of a key that cannot be hidden."""
    if not 0 < len(server_key(target)) < SHORTEST:
        return None
    return (
        f"the key in {target.api_key_env} is shorter than {SHORTEST} letters: "
        "where the server repeats it, it cannot be hidden without damage to the answers"
    )
