"""Accepts the small pages of several resources in one request, each as if it had come by itself."""

from __future__ import annotations

import io
import logging
from dataclasses import replace
from typing import Any

from ..core.errors import InternalError, StoreBusy, SyncError
from ..site import Site
from ..wire.protocol.pushes import Pushes
from ..wire.protocol.replies import failure
from .contact import registered
from .push import push

log = logging.getLogger("eden.sync")


def pushes(site: Site, asking: str | None, sent: Pushes) -> list[dict[str, Any]]:
    """Import pages, each in its own transaction.

    Args:
        site: this site.
        asking: how the sending site identifies itself.
        sent: what it sends.

    Returns:
        for each page what a push of it would have been answered; one that is refused does not hold up the others.

    Raises:
        NotRegistered, ForeignAccount: the sending site is not registered here, or by another account.
        StoreBusy: the database is busy; pages before may have been taken, and change nothing if they come again.
    """
    registered(site, asking)
    answers = []
    for request, document in sent.pages:
        try:
            reply = push(site, replace(request, repository=asking), io.BytesIO(document.encode("utf-8")))
            answers.append(reply.to_json())
        except StoreBusy:
            raise
        except SyncError as error:
            site.db.rollback()
            answers.append(failure(error)[1])
        except Exception as defect:
            # Its own push fails and says so; the others go on.
            log.exception("A page of %s failed that came together with others", request.resource)
            site.db.rollback()
            answers.append(failure(InternalError(f"Internal error: {type(defect).__name__}"))[1])
    return answers
