"""Atomic replacement of files, also when several threads and processes write the same file at once."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4


def replace_text(path: Path, text: str) -> None:
    """Replace a file's content by a text, atomically.

    Args:
        path: the file; its folder must exist.
        text: written as UTF-8.

    Raises:
        OSError: the file cannot be written; it is unchanged.
    """
    temporary = beside(path)
    try:
        temporary.write_text(text, "utf-8")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def beside(path: Path) -> Path:
    """Return the path of a new file in the same folder, which no other thread or process uses.

    Args:
        path: the file that is to be replaced.
    """
    return path.with_name(f".{uuid4().hex}.part")
