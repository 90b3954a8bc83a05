"""Layer 5, a file for each type of repository: how to exchange with it, and what it can do.
Knows core to transport; adapters do not know each other.

Types are discovered: a module with a subclass of ``base.Adapter`` that has an ``apitype`` is enough, nothing has to be
registered. ``base``, ``settings``, ``lines`` and ``connection_test`` are for all types, ``testing`` has their contract
tests; modules that begin with an underscore are what several types share, or belong to one.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any

from ..core.errors import ConfigurationError
from ..exchange.peer import Capability
from .base import Adapter
from .settings import COLUMNS, stored

__all__ = [
    "USUAL",
    "adapter_type",
    "adapter_types",
    "base",
    "can_ask",
    "capabilities_of",
    "connection_test",
    "data",
    "detected_capabilities",
    "eden",
    "folder",
    "ftp",
    "lines",
    "needed_columns",
    "s3",
    "settings",
    "sftp",
    "stick",
    "testing",
    "webdav",
    "where",
]

#: Modules for all types, without a type of their own.
SHARED = frozenset(("base", "connection_test", "lines", "settings", "testing"))
#: The default type, also of a repository that registered here.
USUAL = "eden"
_found: dict[str, type[Adapter]] = {}


def adapter_types() -> dict[str, type[Adapter]]:
    """Return the adapter classes by their ``apitype``, in alphabetical order of their labels."""
    if not _found:
        classes: dict[str, type[Adapter]] = {}
        for module in pkgutil.iter_modules(__path__):
            if module.name in SHARED or module.name.startswith("_"):
                continue
            loaded = importlib.import_module(f"{__name__}.{module.name}")
            for _, each in inspect.getmembers(loaded, inspect.isclass):
                if (
                    issubclass(each, Adapter)
                    and each.__module__ == loaded.__name__
                    and not inspect.isabstract(each)
                ):
                    classes[each.apitype] = each
        _found.update(sorted(classes.items(), key=lambda item: item[1].label))
    return _found


def adapter_type(apitype: str | None) -> type[Adapter]:
    """Return the adapter class for a repository's type.

    Args:
        apitype: the stored type; a repository without one is an Eden.

    Raises:
        ConfigurationError: this site has no such type.
    """
    found = adapter_types().get(apitype or USUAL)
    if found is None:
        known = ", ".join(adapter_types())
        raise ConfigurationError(
            f"There is no repository type {apitype!r}.",
            hint=f"Choose one of these types for the repository: {known}.",
        )
    return found


def capabilities_of(row: Any) -> frozenset[Capability]:
    """Return what the type of a repository can do; nothing if this site has no such type.

    Args:
        row: row of sync_repository.
    """
    kind = adapter_types().get(row.apitype or USUAL)
    return kind.capabilities if kind is not None else frozenset()


def detected_capabilities() -> frozenset[str]:
    """Return the capabilities that are only ever detected: no site may announce them."""
    return frozenset().union(*(kind.learned for kind in adapter_types().values()))


def needed_columns() -> frozenset[str]:
    """Return the columns of sync_repository that ``can_ask`` reads."""
    required = {each.name for kind in adapter_types().values() for each in kind.settings if each.required}
    return frozenset((required & COLUMNS) | {"apitype"} | ({"settings"} if required - COLUMNS else set()))


def can_ask(row: Any) -> bool:
    """Return whether this site can begin the exchange with a repository: whether all required settings are entered.

    Args:
        row: row of sync_repository, with ``needed_columns``.
    """
    kind = adapter_types().get(row.apitype or USUAL)
    if kind is None:
        return False
    return not kind.missing({each.name: stored(row, each) for each in kind.settings if each.required})


def where(row: Any) -> str:
    """Return where a repository is, for people: the value of the first setting that its type requires.

    Args:
        row: row of sync_repository, with ``needed_columns``.
    """
    kind = adapter_types().get(row.apitype or USUAL)
    first = (
        next((each for each in kind.settings if each.required and not each.secret), None) if kind else None
    )
    return str(stored(row, first) or "") if first else ""
