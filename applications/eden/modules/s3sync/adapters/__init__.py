"""Repository types: one module each in this folder, found by looking.

To add a type, add a module with a subclass of ``base.Adapter`` that has an ``apitype``; nothing else has to
be registered anywhere.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil

from ..errors import ConfigurationError
from .base import Adapter

_found: dict[str, type[Adapter]] = {}


def adapter_types() -> dict[str, type[Adapter]]:
    """Return the adapter classes by their ``apitype``, in alphabetical order of their labels."""
    if not _found:
        classes: dict[str, type[Adapter]] = {}
        for module in pkgutil.iter_modules(__path__):
            if module.name == "base" or module.name.startswith("_"):
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


def adapter_type(apitype: str) -> type[Adapter]:
    """Return the adapter class for a repository's type.

    Raises:
        ConfigurationError: this site has no such type.
    """
    found = adapter_types().get(apitype)
    if found is None:
        known = ", ".join(adapter_types())
        raise ConfigurationError(
            f"There is no repository type {apitype!r}.",
            hint=f"Choose one of these types for the repository: {known}.",
        )
    return found
