"""Time and size limits of requests."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Callable, NamedTuple

from ..core.limits import (
    CONNECT_TIMEOUT,
    DOCUMENT_SIZE,
    FILE_SIZE,
    LEAST_RATE,
    MEGABYTE,
    RATE_WINDOW,
    READ_TIMEOUT,
)

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
        least_rate: bytes a second that the body of an answer has to bring; 0 for any rate.
        rate_window: seconds over which the rate is measured.
    """

    connect_timeout: float = CONNECT_TIMEOUT
    read_timeout: float = READ_TIMEOUT
    document_size: int = DOCUMENT_SIZE
    file_size: int = FILE_SIZE
    reply_size: int = 64 * MEGABYTE
    answer_time: float | None = None
    least_rate: float = LEAST_RATE
    rate_window: float = RATE_WINDOW


class Pace:
    """Measures whether the body of an answer gets on, window by window. The time before its first byte does not count.

    Args:
        limits: with the least rate.
        now: returns seconds.
    """

    def __init__(self, limits: Limits, now: Callable[[], float] = time.monotonic) -> None:
        self._least = limits.least_rate * limits.rate_window
        self._window = limits.rate_window
        self._now = now
        self._began: float | None = None
        self._brought = 0

    def is_too_slow(self, count: int) -> bool:
        """Count further bytes; return whether the window that ends with them brought too little.

        Args:
            count: number of bytes.
        """
        moment = self._now()
        if self._began is None:
            self._began = moment
        self._brought += count
        if moment - self._began < self._window:
            return False
        too_slow = self._brought < self._least
        self._began, self._brought = moment, 0
        return too_slow


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
