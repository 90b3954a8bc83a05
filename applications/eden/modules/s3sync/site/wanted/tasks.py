"""The tasks that a repository shall have: how they differ from those that it has, and how they become so.

Whoever says what they shall be, a form, an invitation, a file or headquarters: this is how it is stored.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from ...core.errors import FilterError, SyncError, UnknownResource
from ...core.schema import Table
from ...core.task import Mode
from ...database.tables.fields import live
from ...exchange.peer import Capability
from ...wire.filter_limits import together
from ...wire.filters import Filter, filter_text, parse_filter_string, validate
from .. import Repository, Site
from ..tasks import TaskRow, TaskRules, filters_of, of_repository


class WantedTask(NamedTuple):
    """A task as it shall be.

    Attributes:
        resource: name of the table.
        rules: the rules of its exchange.
        filters: conditions on its records.
    """

    resource: str
    rules: TaskRules = TaskRules()
    filters: tuple[Filter, ...] = ()

    @property
    def filter_text(self) -> str:
        """The conditions as a person reads them, joined by ``&``."""
        return "&".join(map(filter_text, self.filters))


class TaskDifference(NamedTuple):
    """A task that is not as it shall be.

    Attributes:
        resource: name of the table.
        wanted: as it shall be, None where it shall not be.
        present: as it is, None where it is not yet.
        changed: rule (``filters`` among them) -> what it is and what it shall be, as text; of one that is changed.
        compares_all: whether its next run has to compare everything.
    """

    resource: str
    wanted: WantedTask | None
    present: TaskRow | None
    changed: Mapping[str, tuple[str, str]]
    compares_all: bool


def possible_modes(capabilities: Collection[Capability]) -> list[Mode]:
    """Return the directions that a repository type has, the default one first, and the pause.

    Args:
        capabilities: what the type can do.
    """
    pulls, pushes = Capability.PULL in capabilities, Capability.PUSH in capabilities
    directions = {Mode.BOTH: pulls and pushes, Mode.PULL: pulls, Mode.PUSH: pushes, Mode.NONE: True}
    return [mode for mode, possible in directions.items() if possible]


def read_filters(site: Site, resource: str, text: str) -> tuple[Filter, ...]:
    """Read conditions on the records of a resource, joined by ``&``, and check them.

    Raises:
        UnknownResource, ProtectedResource: this site has no such table, or it never leaves it.
        FilterError: one cannot be read or stored, or names what is not here.
    """
    table = site.schema.table(resource)
    found = together(at_home(each, resource) for each in parse_filter_string(text)) if text.strip() else ()
    for each in found:
        check_filter(site, table, each)
    return found


def check_filter(site: Site, table: Table, condition: Filter) -> None:
    """Check a condition on the records of a table.

    Raises:
        FilterError: it cannot be stored, or names what is not here.
    """
    validate(condition, site.schema, table)
    site.store.matching(table, (), [condition])
    _stored(site, condition)


def check_resource(site: Site, resource: str) -> None:
    """Check that records of a table can be exchanged.

    Raises:
        UnknownResource, ProtectedResource: this site has no such table, or it never leaves it.
    """
    if site.schema.table(resource).is_super:
        raise UnknownResource(f"{resource} has no records of its own.")


def at_home(condition: Filter, resource: str) -> Filter:
    """Return a condition without the name of its table if that is the resource itself."""
    if condition.table != resource:
        return condition
    return Filter(None, condition.selectors, condition.operator, condition.values, condition.negate)


def differences(repository: Repository, wanted: Sequence[WantedTask]) -> list[TaskDifference]:
    """Return the tasks that are not as they shall be.

    Args:
        repository: the repository.
        wanted: all tasks that it shall have; a resource at most once.
    """
    present = {each.resource: each for each in of_repository(repository.site.db, repository.id)}
    named = {each.resource for each in wanted}
    gone = [
        TaskDifference(name, None, task, {}, False) for name, task in present.items() if name not in named
    ]
    return [*differences_of(repository, wanted), *gone]


def differences_of(repository: Repository, wanted: Sequence[WantedTask]) -> list[TaskDifference]:
    """Return those of some tasks that are not as they shall be, whatever else the repository has.

    Args:
        repository, wanted: as for ``differences``.
    """
    present = {each.resource: each for each in of_repository(repository.site.db, repository.id)}
    found = [_difference(repository.site.db, each, present.get(each.resource)) for each in wanted]
    return [each for each in found if each is not None]


def _difference(db: Any, wanted: WantedTask, present: TaskRow | None) -> TaskDifference | None:
    if present is None:
        return TaskDifference(wanted.resource, wanted, None, {}, False)
    is_now, shall_be = present.rules.columns, wanted.rules.columns
    changed = {
        name: (_shown(name, is_now[name]), _shown(name, shall_be[name]))
        for name in shall_be
        if is_now[name] != shall_be[name]
    }
    known = _known_filters(db, present)
    if known is None or known != list(wanted.filters):
        changed["filters"] = (
            "cannot be read" if known is None else "&".join(map(filter_text, known)),
            wanted.filter_text,
        )
    if not changed:
        return None
    return TaskDifference(
        wanted.resource, wanted, present, changed, bool({"filters", "components"} & changed.keys())
    )


def _shown(name: str, value: Any) -> str:
    if name == "mode":
        return Mode(value).name.lower()
    return (
        ", ".join(value)
        if isinstance(value, list)
        else str(value).lower()
        if value in (True, False)
        else str(value)
    )


def text_of_filters(db: Any, task: TaskRow) -> str:
    """Return the conditions of a task, joined by ``&``.

    Raises:
        FilterError: they cannot be read.
    """
    return "&".join(filter_text(at_home(each, task.resource)) for each in filters_of(db, task))


def _known_filters(db: Any, task: TaskRow) -> list[Filter] | None:
    """Return the filters of a task, None if they cannot be read."""
    try:
        return [at_home(each, task.resource) for each in filters_of(db, task)]
    except FilterError:
        return None


def write(repository: Repository, wanted: Sequence[WantedTask]) -> list[TaskDifference]:
    """Let a repository have these tasks and no others, within the current transaction; the records stay.

    Args:
        repository: the repository, which must not be synchronised just now.
        wanted: as for ``differences``.

    Returns:
        what was changed.
    """
    found = differences(repository, wanted)
    for each in found:
        if each.present is None and each.wanted is not None:
            add(repository.site, repository.id, each.wanted)
        elif each.present is not None and each.wanted is None:
            remove(repository, each.present)
        elif each.present is not None and each.wanted is not None:
            change(repository, each.present, each.wanted, compares_all=each.compares_all)
    return found


def add(site: Site, repository_id: int, wanted: WantedTask) -> int:
    """Store a new task, within the current transaction; return its key."""
    task_id = int(
        site.db.sync_task.insert(
            repository_id=repository_id, resource_name=wanted.resource, **wanted.rules.columns
        )
    )
    write_filters(site, task_id, wanted.resource, wanted.filters)
    return task_id


def change(repository: Repository, task: TaskRow, wanted: WantedTask, *, compares_all: bool) -> None:
    """Store other rules and filters of a task, within the current transaction.

    Args:
        repository, task: of it.
        wanted: how it shall be.
        compares_all: whether its next run compares everything, as after a change of filters or components.
    """
    site = repository.site
    site.db(site.db.sync_task.id == task.id).update(**wanted.rules.columns)
    write_filters(site, task.id, task.resource, wanted.filters)
    if compares_all:
        repository.start_over(task.resource)


def remove(repository: Repository, task: TaskRow) -> None:
    """Remove a task, within the current transaction; the records stay."""
    db = repository.site.db
    repository.start_over(task.resource)
    db(db.sync_resource_filter.task_id == task.id).delete()
    db(db.sync_task.id == task.id).delete()


def write_filters(site: Site, task_id: int, resource: str, wanted: Sequence[Filter]) -> None:
    """Replace the filters of a task, within the current transaction.

    Raises:
        FilterError: one is too long to be stored.
    """
    table = site.db.sync_resource_filter
    texts = [_stored(site, each) for each in wanted]
    site.db(table.task_id == task_id).delete()
    for each, text in zip(wanted, texts):
        table.insert(task_id=task_id, tablename=each.table or resource, filter_string=text)


def replace_filters(site: Site, task_id: int, resource: str, wanted: Sequence[Filter]) -> None:
    """Let a task of a data set have these filters, within the current transaction; others stay as deleted.

    Args:
        site: this site.
        task_id, resource: the task, and its table.
        wanted: its filters.

    Raises:
        FilterError: one is too long to be stored.
    """
    table = site.db.sync_resource_filter
    texts = [(each.table or resource, _stored(site, each)) for each in wanted]
    rows = list(site.db((table.task_id == task_id) & live(table)).select())
    gone = [row.id for row in rows if (row.tablename, row.filter_string) not in texts]
    site.db(table.id.belongs(gone)).update(deleted=True, modified_on=site.clock.now())
    known = [(row.tablename, row.filter_string) for row in rows]
    for named, text in texts:
        if (named, text) not in known:
            table.insert(task_id=task_id, tablename=named, filter_string=text)


def _stored(site: Site, condition: Filter) -> str:
    """Return a condition as it is stored, without its table.

    Raises:
        FilterError: it is too long: SQLite would store it all the same, other databases not.
    """
    text = filter_text(
        Filter(None, condition.selectors, condition.operator, condition.values, condition.negate)
    )
    most = site.db.sync_resource_filter.filter_string.length
    if len(text) > most:
        raise FilterError(
            f"A condition of {len(text):,} characters is too long, {most} are possible: {text[:60]} ...",
            hint="Choose the records by a value that they share, not one by one.",
        )
    return text


def problem_of(site: Site, wanted: WantedTask) -> SyncError | None:
    """Return why records cannot be exchanged by a task, None if they can."""
    try:
        check_resource(site, wanted.resource)
        for each in wanted.filters:
            validate(each, site.schema, site.schema.table(wanted.resource))
    except SyncError as error:
        return error
    return None
