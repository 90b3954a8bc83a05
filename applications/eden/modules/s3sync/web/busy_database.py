"""Which failures of a request say only that the database did not let it in just now, or ended its connection."""

from __future__ import annotations

import logging
from typing import Any

from gluon import current
from gluon.restricted import RestrictedError

from ..core.errors import StoreBusy
from ..database.store import open_store

logger = logging.getLogger(__name__)


def busy_of(error: BaseException | None) -> StoreBusy | None:
    """Return what a failure says of a busy database, None if it says something else.

    Args:
        error: as it was raised, by our code, pydal or the driver; web2py wraps what fails in models and controllers.
    """
    if isinstance(error, RestrictedError):
        error = error.__context__
    if error is None or isinstance(error, StoreBusy):
        return error
    db = getattr(current, "db", None)
    if db is None:
        return None
    store = open_store(db)
    if not isinstance(error, store.driver_errors()):
        return None
    found = store.translated(error, "a request")
    return found if isinstance(found, StoreBusy) else None


def is_passing(request: Any, error: BaseException | None) -> bool:
    """Return whether a failure needs no report: it passes by itself, and whoever asked is told to come again.

    Args:
        request: web2py's.
        error: as for ``busy_of``.
    """
    busy = busy_of(error)
    if busy is None:
        return False
    logger.warning("%s %s: %s", request.env.request_method, request.env.path_info, busy)
    return True
