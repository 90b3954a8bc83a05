"""Stores the settings of the settings page."""

from __future__ import annotations

from typing import Any

from ..host.settings import addresses
from ..site import Site
from .preferences import COLUMNS

LONGEST_ADDRESSES = 1024


def save_settings(site: Site, values: Any) -> None:
    """Store the settings form; an empty field is stored as NULL, so that the site's file applies."""

    def stored(name: str) -> Any:
        value = values[name]
        if name == "public_url" and value:
            return str(value).rstrip("/")
        if name == "notify_to":
            return ", ".join(addresses(value)) or None
        return value if value not in ("", None) else None

    site.config().update_record(proxy=values.proxy or None, **{name: stored(name) for name in COLUMNS})
