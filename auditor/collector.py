"""Holds Python's cycle collector where millions of rows are read.

Rows hold no cycles, and the collector looks through all of them whenever their number has grown by a quarter, which is
a good part of the time that a large report takes. What is no longer used is freed at once all the same, by its count.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def held() -> Iterator[None]:
    """Hold the collector within; also a decorator."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
