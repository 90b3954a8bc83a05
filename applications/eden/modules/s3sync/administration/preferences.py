"""The values of the settings page, which override the site's file and ``000_config.py``.

Only ``host.settings.SyncSettings`` reads them here. All other code reads the settings, so that there is one place that
decides which value is valid.
"""

from __future__ import annotations

from typing import Any

#: Column of sync_config -> section and key of its setting.
COLUMNS: dict[str, tuple[str, str]] = {
    "public_url": ("site", "public_url"),
    "page_size": ("sync", "page_size"),
    "max_document_mb": ("sync", "max_document_mb"),
    "max_upload_mb": ("sync", "max_upload_mb"),
    "connect_timeout": ("sync", "connect_timeout"),
    "read_timeout": ("sync", "read_timeout"),
    "retries": ("sync", "retries"),
    "log_days": ("sync", "log_days"),
    "notify_to": ("sync", "notify_to"),
    "notify_after": ("sync", "notify_after"),
}


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
