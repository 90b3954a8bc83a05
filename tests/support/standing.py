"""Whether what a site says of another one is true: wherever it says "in step", both hold the same."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Callable

from gluon.validators import IS_MATCH

from s3sync.core.repository_state import Reason, State
from s3sync.monitoring.status import RepositoryStatus, statuses
from s3sync.site import Site

#: What one site has that the other one cannot know of before the next run.
UNHEARD = (Reason.OUTGOING, Reason.BEHIND)
#: Columns that a site has for itself.
OWN = (
    "modified_on",
    "modified_by",
    "created_on",
    "created_by",
    "owned_by_user",
    "owned_by_group",
    "approved_by",
)


def takes_not_everybody(s3db: Any) -> None:
    """Let a site take no organisation that is called Nobody."""
    s3db["org_organisation"].name.requires = IS_MATCH("(?!Nobody)", error_message="is nobody")


def has_address(pair: Any) -> None:
    """Let the repository of a ``Pair`` be one that an administrator entered: with an address and its resources."""
    db = pair.own.db
    db.sync_repository(pair.repository.id).update_record(url="http://other.example.org")
    for task in pair.tasks:
        db.sync_task.insert(repository_id=pair.repository.id, resource_name=task.resource)
    db.commit()


def status_of(site: Site, other: Site) -> RepositoryStatus:
    """Return what a site says of another one."""
    repository = site.repository(str(other.config().uuid))
    (found,) = statuses(site, site.db.sync_repository.id == repository.id)
    site.db.commit()
    return found


def says(site: Site, other: Site) -> Reason:
    """Return the reason that a site gives."""
    return status_of(site, other).state.reason


def check_words(one: Any, two: Any, tables: Collection[str] = ()) -> None:
    """Check that two sites hold the same of what they exchange, if either says that it is in step with the other one.

    A site cannot know of a change that was made at the other one since the last run: where that one says that records
    wait there, nothing is compared.

    Args:
        one, two: ``SampleSite``s that know each other.
        tables: what they exchange; by default what their tasks do.
    """
    there = {True: status_of(one, two), False: status_of(two, one)}
    in_step = [found for found in there.values() if found.state.condition is State.IN_STEP]
    if not in_step or any(found.state.reason in UNHEARD for found in there.values()):
        return
    names = tables or {
        flow.table for found in there.values() for flow in found.flows if flow.task is not None
    }
    for name in sorted(names):
        ours, theirs = (contents(site, name, one_name(one, two)) for site in (one, two))
        different = {uuid for uuid in {*ours, *theirs} if ours.get(uuid) != theirs.get(uuid)}
        assert not different, (
            f"{[found.state for found in there.values()]}, but {name} differs: "
            + "; ".join(f"{uuid}: {ours.get(uuid)} / {theirs.get(uuid)}" for uuid in sorted(different)[:5])
        )


def one_name(one: Any, two: Any) -> Callable[[str, str], str]:
    """Return a function that gives all uuids of a record the same name: those that either site takes for one."""
    groups: dict[tuple[str, str], set[str]] = {}
    for site in (one, two):
        for row in site.db(site.db.sync_twin).select():
            if not row.proposed:
                uuids = (row.uuid, site.s3db[row.tablename][row.record_id].uuid)
                known = (groups.get((row.tablename, uuid), {uuid}) for uuid in uuids)
                together = set().union(*known)
                groups.update(((row.tablename, uuid), together) for uuid in together)
    return lambda table, uuid: min(groups.get((table, uuid), {uuid}))


def contents(site: Any, name: str, name_of: Callable[[str, str], str]) -> dict[str, list[dict[str, Any]]]:
    """Return name of a record -> values of the live records of a table that have it; names in place of keys."""
    table = site.schema.table(name)
    found: dict[str, list[dict[str, Any]]] = {}
    for row in site.rows(name):
        values = {}
        for field in table.data_fields():
            if field.name in OWN or field.name in table.computed:
                continue
            value = row[field.name]
            values[field.name] = (
                _named(site, field.target, value, name_of) if field.target and value else value
            )
        found.setdefault(name_of(name, row.uuid), []).append(values)
    site.db.commit()
    return found


def _named(site: Any, target: str, value: Any, name_of: Callable[[str, str], str]) -> Any:
    table = site.schema.table(target)
    keys = value if isinstance(value, list) else [value]
    if "uuid" not in table.fields:
        return None
    return sorted(name_of(target, row[0]) for row in site.store.fetch(table, ("uuid",), table.key, keys))
