"""Addresses of files that hold for a while and need no account: a Sahana Eden fetches files without credentials.

``<site>/sync/download/<until>/<signature>/<stored name>``: ``until`` is seconds since 1970 (UTC); ``signature`` is the
HMAC-SHA256 (RFC 2104) of ``<until>/<stored name>`` with a key that only this site has, in hexadecimal digits.
"""

from __future__ import annotations

import calendar
import hmac
from datetime import datetime, timedelta
from functools import cached_property
from typing import Callable

from ...core.errors import NotPermitted

#: How long an address holds: an Eden fetches the files while it imports the document, which may take hours.
HOLDS = timedelta(hours=6)
_AGAIN = "Ask for the record again, or edit it where the file is: it then comes with a new address."


class FileAddresses:
    """The addresses that a site gives.

    Args:
        key: returns the key of the site.
        now: returns the time at this site (UTC).
    """

    def __init__(self, key: Callable[[], bytes], now: Callable[[], datetime]) -> None:
        self._make_key = key
        self._now = now

    @cached_property
    def _key(self) -> bytes:
        return self._make_key()

    def path(self, stored: str) -> str:
        """Return the path of a file below the site's address, without a slash at its beginning.

        Args:
            stored: the file's stored name.
        """
        until = str(_seconds(self._now() + HOLDS))
        return f"sync/download/{until}/{self._signature(until, stored)}/{stored}"

    def check(self, until: str, signature: str, stored: str) -> None:
        """Check what somebody asks for.

        Args:
            until, signature, stored: the parts of the path.

        Raises:
            NotPermitted: this site did not give the address, or too long ago.
        """
        expected = self._signature(until, stored)
        if not hmac.compare_digest(signature.encode("utf-8", "replace"), expected.encode("ascii")):
            raise NotPermitted("This address of a file was not given by this site.", hint=_AGAIN)
        if _seconds(self._now()) > int(until):
            raise NotPermitted("This address of a file holds no longer.", hint=_AGAIN)

    def _signature(self, until: str, stored: str) -> str:
        return hmac.new(self._key, f"{until}/{stored}".encode("utf-8", "replace"), "sha256").hexdigest()


def _seconds(moment: datetime) -> int:
    return calendar.timegm(moment.timetuple())
