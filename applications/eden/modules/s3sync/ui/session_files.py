"""Sessions in files that are written whole or not at all.

web2py writes over the file of a session. On a full disk it would leave half a session, which ends it, and answer with
an error although everything else was done and stored.
"""

from __future__ import annotations

import logging
import os
from typing import Any

from gluon.globals import Session

logger = logging.getLogger("eden")
_store = Session._try_store_in_file


def write_whole() -> None:
    """Let web2py write the files of sessions so."""
    Session._try_store_in_file = store


def store(self: Any, request: Any, response: Any) -> bool:
    """Store a session, if there is room for it (``Session._try_store_in_file``)."""
    try:
        if response.session_file and not self._forget and not self._unchanged(response):
            os.posix_fallocate(response.session_file.fileno(), 0, len(response.session_pickled))
        return bool(_store(self, request, response))
    except OSError as error:
        logger.warning("A session cannot be stored, and stays as it was: %s", error)
        self._close(response)
        self.save_session_id_cookie()
        return False
