"""Who changed a field last, at which site, and when."""

from __future__ import annotations

from typing import Any

from gluon import CAT, current

from s3sync.conflicts.by_field import last_author
from s3sync.ui.look import moment
from s3sync.web.screens.words.conflicts_and_log import author

from .presentation import Presentation


def last_change(screens: Presentation, record: Any, name: str) -> Any:
    """Return in words who changed a field of a record last.

    Args:
        screens: the pages of its table.
        record: the record, as it is now.
        name: the field.

    Returns:
        who, where and when; without the module sync, and where nobody noted it, who changed the record last.
    """
    site = getattr(current, "sync_site", None)
    found = last_author(site, str(screens.table), int(record.id), name) if site is not None else None
    if found is not None:
        return author(screens.T, found)
    who = screens.shown(screens.table.modified_by, record.modified_by)
    return CAT(who, ", ", moment(record.modified_on, exact=True))
