"""Servers with files on loopback, in this process, for the contracts of places: each can be told to fail in its way."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

USER, PASSWORD = "field", "secret of the field"


class FileServer(ABC):
    """A server with files.

    Attributes:
        url: address of the folder.
        root: what lies in that folder, where the server has it on this disk.
        full: whether nothing more can be stored.
        cut: bytes after which what is sent or received breaks off, None for never.
        still: whether the times of all files are the same, whatever becomes of them.
    """

    url: str
    root: Path

    def __init__(self, root: Path) -> None:
        self.root = root
        self.full = False
        self.cut: int | None = None
        self.still = False

    @abstractmethod
    def stop(self) -> None:
        """Be not there from now on."""

    def put(self, name: bytes, content: bytes) -> None:
        """Let a file be there, as another program leaves it."""
        Path(self.root, name.decode("utf-8", "surrogateescape")).write_bytes(content)

    def names(self) -> list[str]:
        """Return the names of all files, below the folder."""
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file())
