"""Components: records that belong to a master record and travel with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Union

#: How a model declares one component: the joining field's name, or a mapping with joinby, name, multiple,
#: link, key, pkey; or several of those.
Declaration = Union[str, Mapping[str, Any], Sequence[Union[str, Mapping[str, Any]]]]


@dataclass(frozen=True)
class Component:
    """How one table is joined to a master table.

    Attributes:
        tablename: table of the component records; with a link, the table at the far end of it.
        alias: name under which the master knows them; distinguishes several components of one table.
        pkey: field of the master that is joined on: "id", or a super key such as "pe_id".
        fkey: field that holds its value: of the component, or with a link, of the link table.
        multiple: False if a master has at most one such record.
        link: link table between master and component, None if the component refers to the master itself.
        rkey: with a link, the field of the link table that refers to the component; else None.
    """

    tablename: str
    alias: str
    pkey: str
    fkey: str
    multiple: bool = True
    link: str | None = None
    rkey: str | None = None


def without_prefix(tablename: str) -> str:
    """Return the name of a resource within its module: "org_office_type" -> "office_type"."""
    return tablename.split("_", 1)[-1]


def parse_declaration(tablename: str, declared: Declaration, master_key: str = "id") -> list[Component]:
    """Return the components that a declaration in Eden's form describes.

    Args:
        tablename: table of the component.
        declared: see ``Declaration``.
        master_key: field of the master that is joined on unless the declaration says otherwise.

    Raises:
        ValueError: if the joining field is missing.
    """
    if isinstance(declared, str):
        return [Component(tablename, without_prefix(tablename), master_key, declared)]
    if not isinstance(declared, Mapping):
        return [component for one in declared for component in parse_declaration(tablename, one, master_key)]
    if "joinby" not in declared:
        raise ValueError(f"The declaration of component {tablename} needs 'joinby'.")
    link = declared.get("link")
    return [
        Component(
            tablename=tablename,
            alias=declared.get("name") or without_prefix(tablename),
            pkey=declared.get("pkey") or master_key,
            fkey=declared["joinby"],
            multiple=declared.get("multiple", True),
            link=link,
            rkey=declared.get("key") if link else None,
        )
    ]
