"""What was set aside of records whose deletion arrives: their components go with them."""

from __future__ import annotations

from collections.abc import Iterable

from ....core.schema import Component
from ....wire.s3xml import parse_fragment
from ...ports import Ports
from ..items import Item


def rejected_components(ports: Ports, repository_id: int | None, items: Iterable[Item]) -> list[int]:
    """Return the rows of rejected components of records that their sender has deleted since.

    It sends no component of a deleted record any more. So nothing else would close them, and one that could be
    imported after all, such as one whose time has come, would live without its record.

    Args:
        ports: the ports of the site.
        repository_id: the sender.
        items: what it sent.
    """
    gone: dict[str, set[str | None]] = {}
    for item in items:
        if item.record.deleted and not item.record.replaced_by and item.plan.table.components:
            gone.setdefault(item.plan.table.name, set()).update((item.uuid, item.named_uuid))
    found = []
    for name, uuids in gone.items():
        for component in ports.schema.table(name).components.values():
            if component.travels:
                rejected = ports.kept_versions.rejected(repository_id, component.table)
                found += [row for row, version in rejected if _owner(version, component) in uuids]
    return found


def _owner(version: str, component: Component) -> str | None:
    """Return the uuid of the record to which a version of a component belongs, None if it names none."""
    for reference in parse_fragment(version.encode("utf-8")).iterchildren("reference"):
        if reference.get("field") == component.fkey:
            uuid: str | None = reference.get("uuid")
            return uuid
    return None
