"""Passwords that were found right a moment ago, so that a site that asks page after page is not hashed each time.

Hashing is slow on purpose (8 ms): for a page of a synchronisation it was a fifth of what the request cost beside its
records. Remembered is a digest, keyed with a secret of this process, over the given password and the hash it
matched; a changed password or another hash is checked anew, and nothing wrong is ever remembered.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
from collections import OrderedDict
from typing import Callable

#: Most passwords remembered; the one not used for longest goes first.
MOST = 1000


class RightPasswords:
    """The passwords that matched, since this process began."""

    def __init__(self) -> None:
        self._secret = os.urandom(32)
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, password: str, stored: str, matches: Callable[[], bool]) -> bool:
        """Tell whether a password is right.

        Args:
            password: what was given.
            stored: the hash in the database now.
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
