"""How long and how much a request may take."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from ..core.limits import CONNECT_TIMEOUT, DOCUMENT_SIZE, FILE_SIZE, MEGABYTE, READ_TIMEOUT

#: Bytes read at once where a person waits, so that the time limit of an answer is kept.
SMALL_CHUNK = 4096
REDIRECTS = (301, 302, 303, 307, 308)
MOST_REDIRECTS = 5

#: Libraries wrap an error a few times; a chain that is longer than this is a circle.
DEEPEST_REASON = 8


@dataclass(frozen=True)
class Limits:
    """What a peer may cost.

    Attributes:
        connect_timeout: seconds until a connection must stand.
        read_timeout: longest silence in seconds; a classic Eden computes long before its first byte.
        document_size: most bytes of a document, unpacked.
        file_size: most bytes of a file of an upload field.
        reply_size: most bytes of a JSON reply.
        answer_time: most seconds of a whole answer, None for no limit: a slow line that gets on is no failure.
    """

    connect_timeout: float = CONNECT_TIMEOUT
    read_timeout: float = READ_TIMEOUT
    document_size: int = DOCUMENT_SIZE
    file_size: int = FILE_SIZE
    reply_size: int = 64 * MEGABYTE
    answer_time: float | None = None


class InteractiveLimits(NamedTuple):
    """How long a line may take where a person waits for it; see ``Limits``.

    Attributes:
        connect_timeout, read_timeout, answer_time: seconds.
        document_size: bytes.
    """

    connect_timeout: float = 5.0
    read_timeout: float = 20.0
    answer_time: float = 20.0
    document_size: int = 16 * MEGABYTE

    def shorten(self, limits: Limits) -> Limits:
        """Return limits none of which is above these."""
        return replace(
            limits,
            connect_timeout=min(limits.connect_timeout, self.connect_timeout),
            read_timeout=min(limits.read_timeout, self.read_timeout),
            answer_time=self.answer_time,
            document_size=min(limits.document_size, self.document_size),
        )
