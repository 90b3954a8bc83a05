"""The collector of cyclic garbage, kept from looking through a batch of records again and again.

A batch is some hundred thousand small objects that all live until its end; the collector would walk through them
every few hundred allocations and find nothing. That costs a fifth of an import (docs/PERFORMANCE.md).
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_holders = 0
_was_enabled = False


@contextmanager
def paused_gc() -> Iterator[None]:
    """Hold the collector back; the last of several threads to leave lets it go on."""
    global _holders, _was_enabled
    with _lock:
        if _holders == 0:
            _was_enabled = gc.isenabled()
            gc.disable()
        _holders += 1
    try:
        yield
    finally:
        with _lock:
            _holders -= 1
            if _holders == 0 and _was_enabled:
                gc.enable()
