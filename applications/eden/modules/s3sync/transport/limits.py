"""Time and size limits of requests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from ..core.limits import CONNECT_TIMEOUT, DOCUMENT_SIZE, FILE_SIZE, MEGABYTE, READ_TIMEOUT

#: Bytes read at once while a person waits, so that the time limit of an answer is observed.
SMALL_CHUNK = 4096
REDIRECTS = (301, 302, 303, 307, 308)
MOST_REDIRECTS = 5

#: Libraries wrap an error a few times; a longer chain is a cycle.
DEEPEST_REASON = 8


@dataclass(frozen=True)
class Limits:
    """Time and size limits for a peer.

    Attributes:
        connect_timeout: seconds to wait for a connection.
        read_timeout: seconds to wait for the next byte; a classic Eden computes for long before its first byte.
        document_size: maximum bytes of a document, decompressed.
        file_size: maximum bytes of the file of an upload field.
        reply_size: maximum bytes of a JSON reply.
        answer_time: maximum seconds for a whole answer, None for no limit: a slow connection is no failure.
    """

    connect_timeout: float = CONNECT_TIMEOUT
    read_timeout: float = READ_TIMEOUT
    document_size: int = DOCUMENT_SIZE
    file_size: int = FILE_SIZE
    reply_size: int = 64 * MEGABYTE
    answer_time: float | None = None


class InteractiveLimits(NamedTuple):
    """Limits for a request while a person waits; see ``Limits``.

    Attributes:
        connect_timeout, read_timeout, answer_time: seconds.
        document_size: bytes.
    """

    connect_timeout: float = 5.0
    read_timeout: float = 20.0
    answer_time: float = 20.0
    document_size: int = 16 * MEGABYTE

    def shorten(self, limits: Limits) -> Limits:
        """Return limits of which none exceeds these."""
        return replace(
            limits,
            connect_timeout=min(limits.connect_timeout, self.connect_timeout),
            read_timeout=min(limits.read_timeout, self.read_timeout),
            answer_time=self.answer_time,
            document_size=min(limits.document_size, self.document_size),
        )
