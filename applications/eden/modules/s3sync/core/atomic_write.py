"""Files that are there whole or not at all, also where several threads and processes write them at once."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4


def replace_text(path: Path, text: str) -> None:
    """Put a text in the place of a file.

    Args:
        path: the file; its folder must be there.
        text: written as UTF-8.

    Raises:
        OSError: it cannot be written; the file is what it was.
    """
    temporary = beside(path)
    try:
        temporary.write_text(text, "utf-8")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def beside(path: Path) -> Path:
    """Return a name in the same folder that no other thread or process uses.

    Args:
        path: the file that is to be replaced.
    """
    return path.with_name(f".{uuid4().hex}.part")
