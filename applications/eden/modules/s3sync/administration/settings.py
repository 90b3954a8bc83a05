"""Stores the settings of the settings page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from ..host.settings import SyncSettings, addresses
from ..site import Site
from .preferences import COLUMNS

LONGEST_ADDRESSES = 1024


def path_where_it_was_started(settings: SyncSettings, address: str) -> str | None:
    """Return the path below which a proxy has this site, where an address has another one; None where it fits.

    The addresses of all pages begin with it (``web.front.prefix``), so the settings page cannot change it.

    Args:
        settings: of this site.
        address: the address of this site that somebody wants to set.
    """
    started = settings.as_configured().get_base_public_url()
    if not address or started is None:
        return None
    path = urlsplit(started).path.rstrip("/")
    return None if urlsplit(address).path.rstrip("/") == path else path or "/"


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
