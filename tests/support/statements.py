"""Counts the statements that reach SQLite."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any


@contextlib.contextmanager
def statements() -> Iterator[list[str]]:
    """Collect every call that hands a statement to SQLite, by whatever layer."""
    calls: list[str] = []

    def look(frame: FrameType, event: str, subject: Any) -> None:
        if event == "c_call" and getattr(subject, "__name__", "") in ("execute", "executemany"):
            if "Cursor" in getattr(subject, "__qualname__", ""):
                calls.append(subject.__name__)

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield calls
    finally:
        sys.setprofile(before)
