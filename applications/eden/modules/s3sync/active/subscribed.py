"""Keeps the tasks of a repository in step with the data sets that it publishes, as far as people here chose them.

Which records are fetched is decided there, and taken over at the beginning of each run: resources, conditions,
components. How conflicts are decided, and whether a resource is paused, stays with the people here once a task is made.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from ..core.errors import FilterError, SyncError
from ..core.messages import Message, Sentence
from ..core.task import Activity, LogAction, Mode, Result
from ..database.log import SyncLog
from ..exchange.peer import Capability
from ..scheduler import jobs as jobs
from ..site import Repository
from ..site.tasks import TaskRow, TaskRules
from ..site.wanted import subscriptions as subscriptions
from ..site.wanted import tasks as wanted_tasks
from ..site.wanted.subscriptions import SUBSCRIBED, ChosenSet, found_last
from ..site.wanted.tasks import WantedTask
from ..wire.data_sets import MOST_CONDITIONS, PublishedSet, PublishedTask
from ..wire.filter_limits import together
from ..wire.filters import parse_filter_string


@dataclass
class Changes:
    """What a refresh changed of one data set.

    Attributes:
        of: the set.
        is_gone: whether the other site does not offer it any more.
        added, changed, ended: names of tables.
        problems: table -> why it cannot be fetched here.
    """

    of: ChosenSet
    is_gone: bool = False
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    problems: dict[str, Message] = field(default_factory=dict)


def refresh(repository: Repository, log: SyncLog, guard: Callable[[], None] = lambda: None) -> None:
    """Ask a repository for its data sets, and let the tasks here be as they say; what changed is told in the log.

    Where it cannot be asked, what was exchanged before goes on.

    Args:
        repository: the repository, of a type with ``DATASETS``.
        log: of the run.
        guard: raises if another worker has taken over; called in the transaction.
    """
    codes = subscriptions.codes_of(repository.site.db, repository.id)
    if not codes:
        return
    try:
        with repository.peer() as peer:
            told = peer.sets(codes)
    except SyncError as error:
        message = Sentence.SETS_NOT_ASKED.say(name=repository.name, reason=error.said)
        log.task(
            None,
            Activity.PULL,
            LogAction.FETCH,
            Result.WARNING,
            message,
            remote=error.remote,
            remedy=error.remedy,
            code=error.code,
        )
        return
    with repository.site.store.transaction():
        guard()
        before = found_last(repository.settings)
        found = _take(repository, told)
    for each in found:
        for message, result in _lines(repository.name, each, before.get(each.of.code, {})):
            log.task(None, Activity.DECIDE, LogAction.FETCH, result, message)


def choose(repository: Repository, codes: Collection[str], told: Sequence[PublishedSet]) -> list[Changes]:
    """Subscribe to data sets of a repository, and to no others; the tasks of the others end, their records stay.

    Args:
        repository: the repository.
        codes: the codes of the sets.
        told: the sets that it has.

    Returns:
        what that changed.

    Raises:
        AlreadyRunning: it is being synchronised.
    """
    site = repository.site
    table = site.db.sync_dataset
    with site.store.transaction():
        jobs.ensure_idle(site, repository.id)
        present = subscriptions.chosen(site.db, repository.id)
        for code in sorted(set(codes) - {each.code for each in present}):
            table.insert(repository_id=repository.id, code=code)
        former = [each for each in present if each.code not in codes]
        found = _take(repository, told, former)
        for each in former:
            site.db(table.id == each.id).delete()
        return found


def _take(
    repository: Repository, told: Sequence[PublishedSet], former: Sequence[ChosenSet] = ()
) -> list[Changes]:
    """Let tasks be as the chosen sets say, within the current transaction.

    Args:
        repository: the repository.
        told: the sets that it has.
        former: sets that are chosen no more; their tasks end unless another set has the same table.
    """
    site, by_code = repository.site, {each.code: each for each in told}
    taken: dict[str, WantedTask] = {}
    found = []
    for each in subscriptions.chosen(site.db, repository.id):
        if each in former:
            continue
        published = by_code.get(each.code)
        changes = Changes(each, is_gone=published is None)
        found.append(changes)
        if published is not None:
            _note(repository, each, published)
            _take_set(repository, published, changes, taken)
    # Only now: a table that has moved to another set stays the same task, with its policies and how far it has come.
    for changes in found:
        gone = [task for task in _tasks(repository, changes.of) if task.resource not in taken]
        changes.ended += [task.resource for task in gone]
        _end(repository, gone)
    for each in former:
        _end(repository, [task for task in _tasks(repository, each) if task.resource not in taken])
    problems = {
        each.of.code: {name: str(why) for name, why in each.problems.items()}
        | ({"": "gone"} if each.is_gone else {})
        for each in found
    }
    stored = {code: each for code, each in problems.items() if each}
    repository.update(
        last_refresh=site.clock.now(), settings=repository.settings_with(**{SUBSCRIBED: stored})
    )
    return found


def _note(repository: Repository, each: ChosenSet, published: PublishedSet) -> None:
    table = repository.site.db.sync_dataset
    repository.site.db(table.id == each.id).update(
        name=published.name,
        comments=published.comments,
        archive_url=published.archive_url,
        use_archive=bool(published.archive_url),
    )


def _take_set(
    repository: Repository, published: PublishedSet, changes: Changes, taken: dict[str, WantedTask]
) -> None:
    """Take the tasks of one set.

    Args:
        repository: the repository.
        published: the set.
        changes: gets what is changed.
        taken: the tasks of this set and those before it, by table; further ones are added.
    """
    site, present = repository.site, {each.resource: each for each in repository.task_rows}
    for task in published.tasks:
        try:
            wanted = _wanted(repository, task, present.get(task.resource))
        except SyncError as error:
            changes.problems[task.resource] = error.said
            continue
        other = taken.get(task.resource)
        if other is not None:
            if (other.filters, other.rules.components) != (wanted.filters, wanted.rules.components):
                changes.problems[task.resource] = Sentence.SET_OVERLAPS.say()
            continue
        taken[task.resource] = wanted
        row = present.get(task.resource)
        if row is None:
            key = wanted_tasks.add(site, repository.id, wanted)
            changes.added.append(task.resource)
        else:
            key = row.id
            (difference,) = wanted_tasks.differences_of(repository, [wanted]) or (None,)
            if difference is not None:
                wanted_tasks.change(repository, row, wanted, compares_all=difference.compares_all)
                changes.changed.append(task.resource)
        site.db(site.db.sync_task.id == key).update(dataset_id=changes.of.id)


def _wanted(repository: Repository, task: PublishedTask, present: TaskRow | None) -> WantedTask:
    """Return a task as the other site says.

    Raises:
        SyncError: this site has no such table, it never leaves it, or its conditions cannot be met here.
    """
    site, resource = repository.site, task.resource
    wanted_tasks.check_resource(site, resource)
    if len(task.conditions) > MOST_CONDITIONS:
        raise FilterError(f"There are more than {MOST_CONDITIONS} conditions.")
    conditions = []
    for each in task.conditions:
        of = None if each.table in ("~", "", resource) else each.table
        conditions += [wanted_tasks.at_home(one, resource) for one in parse_filter_string(each.text, of)]
    filters = together(conditions)
    for one in filters:
        wanted_tasks.check_filter(site, site.schema.table(resource), one)
    if present is None:
        rules = TaskRules(Mode.PULL, task.components, task.strategy, task.update_policy, task.conflict_policy)
    else:
        mode = Mode.NONE if present.mode is Mode.NONE else Mode.PULL
        rules = present.rules._replace(mode=mode, components=task.components)
    return WantedTask(resource, rules, tuple(filters))


def _tasks(repository: Repository, each: ChosenSet) -> list[TaskRow]:
    return [task for task in repository.task_rows if task.resource in each.resources]


def _end(repository: Repository, tasks: Sequence[TaskRow]) -> None:
    for task in tasks:
        wanted_tasks.remove(repository, task)


def _lines(name: str, changes: Changes, before: dict[str, str]) -> list[tuple[Message, Result]]:
    """Return what the log says of a set."""
    code = changes.of.code
    found: list[tuple[Message, Result]] = []
    if changes.is_gone:
        if "" not in before or changes.ended:
            found.append((Sentence.SET_GONE.say(name=name, code=code), Result.WARNING))
        return found
    for what, sentence in (
        (changes.added, Sentence.SET_ADDS),
        (changes.changed, Sentence.SET_CHANGES),
        (changes.ended, Sentence.SET_ENDS),
    ):
        if what:
            found.append((sentence.say(name=name, code=code, what=", ".join(what)), Result.SUCCESS))
    for resource, why in changes.problems.items():
        if before.get(resource) != str(why):
            message = Sentence.SET_LACKS.say(name=name, code=code, resource=resource, reason=why)
            found.append((message, Result.WARNING))
    return found


def subscribes(repository: Repository) -> bool:
    """Return whether what is exchanged with a repository is what its data sets say."""
    return Capability.DATASETS in repository.type_capabilities
