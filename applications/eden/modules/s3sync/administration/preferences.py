"""The values of the settings page, which override the site's file and ``000_config.py``.

Only ``host.settings.SyncSettings`` reads them here. All other code reads the settings, so that there is one place that
decides which value is valid.
"""

from __future__ import annotations

from typing import Any

from ..host.settings import DECIDABLE

#: Column of sync_config -> section and key of its setting; the columns have the names of the keys.
COLUMNS: dict[str, tuple[str, str]] = {key: (section, key) for section, key in DECIDABLE}


def decided(db: Any) -> dict[tuple[str, str], Any]:
    """Return the settings set on the page: (section, key) -> value.

    Args:
        db: the DAL with sync_config.
    """
    table = db.sync_config
    row = db(table).select(*[table[name] for name in COLUMNS], orderby=table.id, limitby=(0, 1)).first()
    if row is None:
        return {}
    return {place: row[name] for name, place in COLUMNS.items() if row[name] not in (None, "")}
