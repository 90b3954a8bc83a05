"""Whether what a site says of another one is true: "in step" only where both hold the same, and else what differs."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Callable

from gluon.validators import IS_MATCH

from s3sync.core.kept import TELLING
from s3sync.core.repository_state import Reason, State
from s3sync.core.task import RunState
from s3sync.monitoring.status import RepositoryStatus, statuses
from s3sync.site import Site

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
    found = _status(site, other)
    site.db.commit()
    return found


def _status(site: Site, other: Site) -> RepositoryStatus:
    repository = site.repository(str(other.config().uuid))
    (found,) = statuses(site, site.db.sync_repository.id == repository.id)
    return found


def says(site: Site, other: Site) -> Reason:
    """Return the reason that a site gives."""
    return status_of(site, other).state.reason


def check_words(one: Any, two: Any, tables: Collection[str] = ()) -> None:
    """Check that what two sites say of each other is true, see ``untrue_words``.

    Args:
        one, two: ``SampleSite``s that know each other.
        tables: what they exchange; by default what their tasks do.
    """
    problems = untrue_words(one, two, tables)
    for site in (one, two):
        site.db.commit()
    assert not problems, "\n".join(problems)


def untrue_words(one: Any, two: Any, tables: Collection[str] = ()) -> list[str]:
    """Return what two sites say of each other and is not true, or do not say; no transaction is ended.

    Whenever either says that it is in step, both hold the same. Where they do not, and nothing is under way, a person
    at either is told which records and why. A site cannot know of a change that was made at the other one since the
    last run: where one says that records wait there, nothing is compared.

    Args:
        one, two: sites that know each other, with their data model ``s3db``.
        tables: what they exchange, in a run that was complete; by default what their tasks do.
    """
    said = [_status(one, two), _status(two, one)]
    in_step = any(each.state.condition is State.IN_STEP for each in said)
    is_quiet = not any(_is_under_way(each, has_run=bool(tables)) for each in said)
    if any(each.facts.outgoing for each in said) or not (in_step or is_quiet):
        return []
    name_of = one_name(one, two)
    problems = []
    words = " and ".join(f"{each.state.condition.value} ({each.state.reason.value})" for each in said)
    exchanged = set(tables or _exchanged(said))
    for name, owners in _with_components(one, exchanged).items():
        ours, theirs = (contents(site, name, name_of, owners) for site in (one, two))
        for uuid in sorted({*ours, *theirs}):
            if ours.get(uuid) == theirs.get(uuid):
                continue
            differ = f"{name} {uuid} is {ours.get(uuid)} / {theirs.get(uuid)}"
            if in_step:
                problems.append(f"They say {words}, but {differ}")
            elif not any(_is_told(site, name, uuid, name_of) for site in (one, two)):
                problems.append(f"They say {words}, and nobody is told that {differ}")
    return problems


def _is_under_way(said: RepositoryStatus, *, has_run: bool) -> bool:
    """Return whether the next run may change what a site says: the last one did not come to its end, or never was."""
    facts = said.facts
    ended = facts.run_state is RunState.COMPLETED or (facts.run_state is None and has_run)
    return bool(facts.outgoing or facts.incoming or facts.not_asked or (facts.is_active and not ended))


def _is_told(site: Any, table: str, uuid: str, name_of: Callable[[str, str], str]) -> bool:
    """Return whether a person at a site finds a record in a list, with a reason: put aside, left so, or waiting."""
    kept = site.db.sync_kept
    rows = site.db(kept.state.belongs(TELLING) & (kept.tablename == table)).select(kept.uuid, kept.reason)
    if any(row.uuid and row.reason and name_of(table, row.uuid) == uuid for row in rows):
        return True
    waiting = site.db.sync_deferred
    keys = {row.record_id for row in site.db(waiting.tablename == table).select(waiting.record_id)}
    records = site.s3db[table]
    return any(
        name_of(table, row.uuid) == uuid for row in site.db(records.id.belongs(keys)).select(records.uuid)
    )


def _exchanged(said: Collection[RepositoryStatus]) -> set[str]:
    return {flow.table for each in said for flow in each.flows if flow.task is not None}


def _with_components(site: Any, tables: Collection[str]) -> dict[str, set[str]]:
    """Return table -> fields that name an owner with which its records travel, none where all of them do."""
    found: dict[str, set[str]] = {name: set() for name in tables}
    rest = set(tables)
    while rest:
        components = [each for name in rest for each in site.schema.table(name).components.values()]
        travelling = [each for each in components if each.travels and each.table not in tables]
        rest = {each.table for each in travelling} - set(found)
        for each in travelling:
            found.setdefault(each.table, set()).add(each.fkey)
    return dict(sorted(found.items()))


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


def contents(
    site: Any, name: str, name_of: Callable[[str, str], str], owners: Collection[str] = ()
) -> dict[str, list[dict[str, Any]]]:
    """Return name of a record -> values of the live records of a table that have it; names in place of keys.

    Args:
        site: a site.
        name: name of the table.
        name_of: returns the name of a record by its table and uuid.
        owners: only records that have a value in one of these fields; none for all records.
    """
    table = site.schema.table(name)
    found: dict[str, list[dict[str, Any]]] = {}
    live = site.s3db[name].deleted == False  # noqa: E712
    for row in site.db(live).select():
        if owners and not any(row[each] for each in owners):
            continue
        values = {}
        for field in table.data_fields():
            if field.name in OWN or field.name in table.computed:
                continue
            # Some forms store nothing at all as an empty text or list.
            value = None if row[field.name] in ("", []) else row[field.name]
            values[field.name] = (
                _named(site, field.target, value, name_of) if field.target and value else value
            )
        found.setdefault(name_of(name, row.uuid), []).append(values)
    return found


def _named(site: Any, target: str, value: Any, name_of: Callable[[str, str], str]) -> Any:
    table = site.schema.table(target)
    keys = value if isinstance(value, list) else [value]
    if "uuid" not in table.fields:
        return None
    return sorted(name_of(target, row[0]) for row in site.store.fetch(table, ("uuid",), table.key, keys))
