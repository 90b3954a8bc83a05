"""How documents are packed for one of ours: quickly, or more tightly where the line is bad."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import ClassVar

from ..core.limits import CHUNK
from ..exchange.line import Line
from ..wire.columns import WORTH_FOLDING, fold
from ..wire.compression import gzip, thorough
from ..wire.protocol.names import PeerCapability

#: Bytes a second from which on a line carries a document sooner than it is taken apart.
FAST = 500_000


class Packing:
    """What is known of a line, for documents in both directions.

    Args:
        line: the line, as far as it was measured.

    Attributes:
        least: bytes of a document from which on it is taken apart.
    """

    least: ClassVar[int] = WORTH_FOLDING

    def __init__(self, line: Line) -> None:
        self._line = line
        self._is_slow: bool | None = None

    def spares_bytes(self, capabilities: Collection[str]) -> bool:
        """Return whether documents travel column by column: over a slow line, or one of which nothing is known yet.

        Args:
            capabilities: those of the peer that are used.
        """
        if not {PeerCapability.COLUMNS, PeerCapability.GZIP} <= set(capabilities):
            return False
        if self._is_slow is None and self._line.rate is not None:
            # Not asked again: who goes on with a page that broke off has to ask for it as before.
            self._is_slow = self._line.rate < FAST
        return self._is_slow is not False

    def pack(self, document: Path, packed: Path, capabilities: Collection[str]) -> None:
        """Pack a document into a file.

        Args:
            document, packed: the files.
            capabilities: as for ``spares_bytes``.
        """
        with document.open("rb") as source, packed.open("wb") as target:
            if document.stat().st_size >= self.least and self.spares_bytes(capabilities):
                thorough.pack_chunks(fold(iter(lambda: source.read(CHUNK), b"")), target)
            else:
                gzip.pack(source, target)
