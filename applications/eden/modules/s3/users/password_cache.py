"""A cache of right passwords, so that a site which asks for page after page is not hashed each time.

Hashing is slow on purpose (8 ms): it was a fifth of a page request's time apart from the records. The cache holds a
digest over the given password and the stored hash that it matched, keyed with a secret of this process. A changed
password is checked anew, and no wrong password is ever cached.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
from collections import OrderedDict
from typing import Callable

#: Maximum number of cached passwords; the least recently used is dropped first.
MOST = 1000


class RightPasswords:
    """The passwords that matched since this process began."""

    def __init__(self) -> None:
        self._secret = os.urandom(32)
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, password: str, stored: str, matches: Callable[[], bool]) -> bool:
        """Return whether a password is right.

        Args:
            password: the given password.
            stored: the hash in the database.
            matches: compares them, slowly.
        """
        content = f"{len(password)}:{password}{stored}".encode("utf-8", "surrogatepass")
        digest = hmac.new(self._secret, content, hashlib.sha256).digest()
        with self._lock:
            if digest in self._known:
                self._known.move_to_end(digest)
                return True
        if not matches():
            return False
        with self._lock:
            self._known[digest] = None
            while len(self._known) > MOST:
                self._known.popitem(last=False)
        return True
