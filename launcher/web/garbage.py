"""When Python looks for garbage in a process that serves.

While it looks, nobody is answered, not even refused. A web2py process holds some hundred thousand objects for as long
as it lives, so a look at all of it took up to a third of a second; each request leaves some two thousand that nobody
needs any more (the tables of its database, which refer to each other).
"""

from __future__ import annotations

import gc
import math

#: Requests after which everything is there that stays; a process that only begins a server never leaves anything out.
WARM, NEVER = 20.0, math.inf
#: When Python looks at what is new, at what was seen once, and at all of it (``gc.set_threshold``): all of it is little
#: once what stays is left out, so it is looked at often.
NEW, SEEN_ONCE, ALL = 700, 10, 1


class Garbage:
    """Leaves what stays out of all looks, as soon as it is there.

    Args:
        warm: requests after which it is.
    """

    def __init__(self, warm: float = WARM) -> None:
        self._missing = warm

    def count(self) -> None:
        """Count a request."""
        self._missing -= 1

    def look(self) -> None:
        """Do it, once, if enough requests came. Called now and then."""
        if self._missing > 0:
            return
        self._missing = NEVER
        gc.collect()
        gc.freeze()
        gc.set_threshold(NEW, SEEN_ONCE, ALL)
