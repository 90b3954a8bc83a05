"""A cache of right passwords, so that a site which asks for page after page is not hashed each time.

Hashing is slow on purpose (about 0.1 s). The cache holds a digest over the given password and the stored hash that it
matched, keyed with a secret of this process. A changed password is checked anew, and no wrong password is ever cached.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
from collections import OrderedDict

#: Maximum number of cached passwords; the least recently used is dropped first.
MOST = 1000


class RightPasswords:
    """The passwords that matched since this process began."""

    def __init__(self) -> None:
        self._secret = os.urandom(32)
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self._lock = threading.Lock()

    def knows(self, password: str, stored: str) -> bool:
        """Return whether a password has matched a stored hash before."""
        digest = self._digest(password, stored)
        with self._lock:
            if digest not in self._known:
                return False
            self._known.move_to_end(digest)
            return True

    def remember(self, password: str, stored: str) -> None:
        """Remember that a password matched a stored hash."""
        digest = self._digest(password, stored)
        with self._lock:
            self._known[digest] = None
            while len(self._known) > MOST:
                self._known.popitem(last=False)

    def _digest(self, password: str, stored: str) -> bytes:
        content = f"{len(password)}:{password}{stored}".encode("utf-8", "surrogatepass")
        return hmac.new(self._secret, content, hashlib.sha256).digest()
