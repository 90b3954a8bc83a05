"""The values of the settings page, which override the site's file and ``000_config.py``.

Only ``host.settings.SyncSettings`` reads them here. All other code reads the settings, so that there is one place that
decides which value is valid.
"""

from __future__ import annotations

from typing import Any

from ..database import own_rows as own_rows
from ..host.settings import DECIDABLE

#: The most records of a page that may be set.
MOST_RECORDS_A_PAGE = 100_000
#: Column -> the least and the most that may be set, and whether it is a whole number.
LIMITS: dict[str, tuple[float, float, bool]] = {
    "page_size": (1, MOST_RECORDS_A_PAGE, True),
    "max_document_mb": (0.01, 1e6, False),
    "max_upload_mb": (0.01, 1e6, False),
    "connect_timeout": (0.1, 86400, False),
    "read_timeout": (0.1, 86400, False),
    "retries": (0, 100, True),
    "log_days": (1, 36500, True),
    "notify_after": (1, 1000, True),
}
#: Column of sync_config -> section and key of its setting; the columns have the names of the keys.
COLUMNS: dict[str, tuple[str, str]] = {key: (section, key) for section, key in DECIDABLE}


def decided(db: Any) -> dict[tuple[str, str], Any]:
    """Return the settings set on the page: (section, key) -> value.

    Args:
        db: the DAL with sync_config.
    """
    for row in own_rows.read(db, "sync_config", {}, limit=1):
        values = {place: getattr(row, name) for name, place in COLUMNS.items()}
        return {place: value for place, value in values.items() if value not in (None, "")}
    return {}
