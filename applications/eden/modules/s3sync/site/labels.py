"""Labels for people: the translator, the titles of tables and modules."""

from __future__ import annotations

from typing import Any, Callable

from . import Site

#: web2py's T, or an equivalent.
Translate = Callable[[str], Any]


def resource_title(site: Site, name: str) -> str:
    """Return the title of a table's records; derived from its name if there is none."""
    return site.host.title(name) or name.partition("_")[2].replace("_", " ").capitalize()


def resource_names(site: Site) -> dict[str, str]:
    """Return the tables that can be exchanged: name -> title and name."""
    names = {}
    for table in site.schema:
        if not table.is_super:
            title = site.host.title(table.name)
            names[table.name] = f"{title} ({table.name})" if title else table.name
    return dict(sorted(names.items(), key=lambda item: str(item[1]).lower()))
