"""Pauses Python's garbage collector while a batch of records is in memory.

A batch is some hundred thousand small objects that all live until its end. The collector would search them every few
hundred allocations and find nothing. That takes a fifth of an import's time (docs/PERFORMANCE.md).
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
    """Pause the collector; when several threads pause it, the last one to leave resumes it."""
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
