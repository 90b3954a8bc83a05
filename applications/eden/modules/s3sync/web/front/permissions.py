"""Who may send a body, for a while: a site that sends page after page is not asked about before each of them.

To ask takes the application as long as to answer. What it says of a request is looked at again when the request is
complete; what is remembered here only lets the body of the next one come.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable
from typing import Callable

#: Seconds for which a permission holds, and how many are remembered.
HOLDS, MOST_REMEMBERED = 60.0, 1000


class Permissions:
    """The permissions of one process.

    Args:
        clock: the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._now = clock
        self._lock = threading.Lock()
        #: Who -> bytes, and until when; in the order in which they end.
        self._given: dict[Hashable, tuple[int, float]] = {}

    def most(self, who: Hashable, length: int | None) -> int | None:
        """Return the maximum bytes of a body that was permitted not long ago; None if the application is to be asked.

        Args:
            who: by what the request is known.
            length: announced bytes of its body, None if there is no length.
        """
        with self._lock:
            most, ends = self._given.get(who, (0, 0.0))
            return most if self._now() < ends and (length is None or length <= most) else None

    def give(self, who: Hashable, most: int) -> None:
        """Remember a permission.

        Args:
            who: by what the request is known.
            most: maximum bytes of the body.
        """
        with self._lock:
            now = self._now()
            self._given.pop(who, None)
            self._given[who] = most, now + HOLDS
            for each, (_, ends) in list(self._given.items()):
                if ends > now and len(self._given) <= MOST_REMEMBERED:
                    break
                del self._given[each]

    def take(self, who: Hashable) -> None:
        """Forget a permission, if there is one."""
        with self._lock:
            self._given.pop(who, None)
