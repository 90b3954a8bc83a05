"""Carries out what a repository prescribes, as far as it was agreed: its tasks, and how often its job runs.

All of it, in one transaction, or nothing: then what was carried out before goes on, and the log says why.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..core.errors import SyncError
from ..core.messages import Message, Sentence
from ..core.task import Activity, LogAction, Mode, Result
from ..database.log import SyncLog
from ..scheduler import jobs as jobs
from ..scheduler import schedule as schedule
from ..site import Repository
from ..site.tasks import TaskRow, TaskRules
from ..site.wanted import tasks as wanted_tasks
from ..site.wanted.agreement import Excess, More, beyond, least, widened
from ..site.wanted.followed import FOLLOWS, Followed, as_chosen, chosen, followed_in
from ..site.wanted.tasks import WantedTask
from ..wire.protocol.invitation import MOST_RESOURCES, InvitedResource
from ..wire.protocol.prescription import LARGEST, Prescription, digest_of


def take(
    repository: Repository,
    told: Any,
    log: SyncLog | None = None,
    guard: Callable[[], None] = lambda: None,
    accepted: bool = False,
) -> Followed | None:
    """Take what a repository has told that it prescribes.

    Args:
        repository: the repository; the object does not change.
        told: as it was told, None for nothing any more.
        log: of the run.
        guard: raises if another worker has taken over; called in the transaction.
        accepted: whether a person here has just accepted it, and so what is more than what is there now.

    Returns:
        what is stored now; None where this site does not let it prescribe anything (any more).
    """
    site = repository.site
    with site.store.transaction():
        guard()
        repository = site.repository(repository.id)
        followed = followed_in(repository.settings)
        if followed is None:
            return None
        found, message = _taken(repository, _told(followed, told), accepted)
        repository.update(settings=repository.settings_with(**{FOLLOWS: found.to_json()}))
    if log is not None:
        result = Result.WARNING if found.problem else Result.SUCCESS
        log.task(None, Activity.DECIDE, LogAction.FETCH, result, message, remedy=_remedy(found))
    return found


def _told(followed: Followed, told: Any) -> Followed:
    """Return it with what was told; what can be none, or is far too large, as something unreadable with its digits."""
    try:
        size, digest = len(json.dumps(told)), digest_of(told)
    except RecursionError:
        size, digest = LARGEST + 1, ""
    if told is None or (isinstance(told, Mapping) and size <= LARGEST):
        return replace(followed, told=told, digest="", problem=None)
    return replace(followed, told={"unreadable": size}, digest=digest, problem=None)


def _remedy(found: Followed) -> Message | str:
    return Sentence.LOOK_AT_PRESCRIPTION.say() if found.problem else ""


def _taken(repository: Repository, followed: Followed, accepted: bool) -> tuple[Followed, Message]:
    """Carry out what was told within the current transaction; return what is stored, and a line for the log."""
    name = repository.name
    if followed.told is None:
        return replace(followed, in_force=None), Sentence.NOTHING_PRESCRIBED.say(name=name)
    try:
        prescription = Prescription.from_json(followed.told)
        wanted = [
            _wanted(repository, each, prescription, followed.dropped.get(each.resource))
            for each in prescription.resources
        ]
        too_much = [] if accepted else too_much_of(repository, followed, prescription)
    except ValueError:
        message = Sentence.PRESCRIPTION_WRONG.say(name=name, reason=_unreadable(followed))
        return followed.not_carried_out(message), message
    except SyncError as error:
        message = Sentence.PRESCRIPTION_WRONG.say(name=name, reason=error.said)
        return followed.not_carried_out(message), message
    if too_much:
        what = ", ".join(dict.fromkeys(each.resource or "policies" for each in too_much))
        message = Sentence.PRESCRIPTION_BEYOND.say(name=name, what=what)
        return followed.not_carried_out(message), message
    dropped = _carry_out(repository, followed, prescription, wanted)
    what = ", ".join(each.resource for each in wanted) or "-"
    found = replace(followed, in_force=prescription, dropped=dropped)
    return found, Sentence.PRESCRIPTION_TAKEN.say(name=name, what=what)


def _unreadable(followed: Followed) -> Message:
    """Return why what was told is no prescription."""
    if followed.digest and followed.told is not None and followed.told["unreadable"] > LARGEST:
        return Sentence.PRESCRIPTION_TOO_LARGE.say(resources=MOST_RESOURCES, characters=LARGEST)
    return Sentence.NOT_READABLE.say()


def too_much_of(repository: Repository, followed: Followed, prescription: Prescription) -> list[Excess]:
    """Return what of a prescription waits for a person here.

    That is what is more than was agreed; and, of resources of which nothing is prescribed so far, what is more than
    people here have left of it.

    Args:
        repository: the repository.
        followed: what is stored of what it prescribes.
        prescription: what it prescribes now.

    Raises:
        FilterError: its conditions, or those of a task here, cannot be read.
    """
    found = beyond(followed.agreed, prescription)
    present = {each.resource: each for each in repository.task_rows}
    for each in prescription.resources:
        task = present.get(each.resource)
        if each.resource in followed.resources:
            continue
        if task is not None:
            only = replace(prescription, resources=(each,))
            found += beyond(_as_it_is(repository, task, each.mode), only)
        elif each.resource not in followed.dropped:
            # People here have removed it.
            found.append(Excess(each.resource, More.RESOURCE))
    return list(dict.fromkeys(found))


def _as_it_is(repository: Repository, task: TaskRow, told: Mode) -> Prescription:
    """Return a task as it would be prescribed; a paused one in the direction that is told, for it stays paused."""
    rules, filters = task.rules, wanted_tasks.text_of_filters(repository.site.db, task)
    mode = told if rules.mode is Mode.NONE else rules.mode
    resource = InvitedResource(task.resource, mode, rules.components, filters)
    return Prescription((resource,), rules.update_policy, rules.conflict_policy)


def _wanted(
    repository: Repository,
    told: InvitedResource,
    prescription: Prescription,
    dropped: Mapping[str, Any] | None,
) -> WantedTask:
    """Return the task of a resource that is prescribed.

    Args:
        repository: the repository.
        told: the resource.
        prescription: the one that it is of.
        dropped: what people here had chosen of it when a prescription took it away, None if none did.

    Raises:
        SyncError: this site does not have it, or its conditions cannot be read or met here.
    """
    site, present = repository.site, {each.resource: each for each in repository.task_rows}
    wanted_tasks.check_resource(site, told.resource)
    filters = wanted_tasks.read_filters(site, told.resource, told.filters)
    former = present.get(told.resource)
    rules = TaskRules(
        told.mode,
        told.components,
        update_policy=prescription.update_policy,
        conflict_policy=prescription.conflict_policy,
    )
    # What a person here has paused stays so, and records are deleted here only where people let them be.
    return WantedTask(
        told.resource, as_chosen(rules, dropped if former is None else chosen(former.rules)), filters
    )


def _carry_out(
    repository: Repository, followed: Followed, prescription: Prescription, wanted: Sequence[WantedTask]
) -> dict[str, Mapping[str, Any]]:
    """Let the tasks be as prescribed; return what people had chosen of those that a prescription has taken away."""
    present = repository.task_rows
    named = {each.resource for each in wanted}
    dropped = {name: each for name, each in followed.dropped.items() if name not in named}
    for task in present:
        if task.resource in followed.resources and task.resource not in named:
            dropped[task.resource] = chosen(task.rules)
            wanted_tasks.remove(repository, task)
    others = [each for each in present if each.resource in named]
    _write(repository, wanted, others)
    _arrange(repository, prescription.minutes)
    return dropped


def _write(repository: Repository, wanted: Sequence[WantedTask], present: Sequence[TaskRow]) -> None:
    known = {each.resource: each for each in present}
    for difference in wanted_tasks.differences(repository, wanted):
        shall_be = difference.wanted
        if shall_be is None:
            # A task of people here, which nobody prescribes.
            continue
        task = known.get(difference.resource)
        if task is None:
            wanted_tasks.add(repository.site, repository.id, shall_be)
        else:
            wanted_tasks.change(repository, task, shall_be, compares_all=difference.compares_all)


def _arrange(repository: Repository, minutes: int) -> None:
    """Let the job run as often as prescribed; where people here have taken it off the schedule, it stays off."""
    site = repository.site
    found = jobs.jobs_of(site.db, repository.id) if "scheduler_task" in site.db.tables else []
    if not minutes or len(found) != 1 or found[0].scheduler_task.period == minutes * 60:
        return
    row = found[0]
    jobs.change_job(
        site,
        row.sync_job.id,
        period=minutes * 60,
        start=None,
        stop=row.scheduler_task.stop_time,
        enabled=bool(row.scheduler_task.enabled),
        after_change=row.sync_job.after_change,
    )


def again(repository: Repository, log: SyncLog | None = None) -> None:
    """Try once more what was not carried out, without asking the other site: this one may have been upgraded.

    Args:
        repository: the repository.
        log: of the run; it is told only if that succeeds.
    """
    followed = followed_in(repository.settings)
    if followed is None or followed.problem is None or followed.digest:
        # What was not kept cannot be tried.
        return
    found = take(repository, followed.told)
    if log is not None and found is not None and found.problem is None and found.in_force is not None:
        what = ", ".join(sorted(found.resources)) or "-"
        message = Sentence.PRESCRIPTION_TAKEN.say(name=repository.name, what=what)
        log.task(None, Activity.DECIDE, LogAction.FETCH, Result.SUCCESS, message)


def open_of(repository: Repository, followed: Followed) -> tuple[Prescription | None, list[Excess]]:
    """Return what is prescribed and not carried out, and what of it waits for a person here.

    Args:
        repository: the repository.
        followed: what is stored of what it prescribes.

    Returns:
        None where there is nothing of the kind, or it cannot be read, which its problem says then.
    """
    if followed.told is None or followed.problem is None:
        return None, []
    try:
        told = Prescription.from_json(followed.told)
    except (ValueError, SyncError):
        return None, []
    try:
        return told, too_much_of(repository, followed, told)
    except SyncError:
        return told, []


# --- what people here decide --------------------------------------------------------------------------------


def let_prescribe(repository: Repository, agreed: Prescription) -> None:
    """Let a repository prescribe what is exchanged, within the current transaction.

    Args:
        repository: the repository.
        agreed: the most that it may prescribe without asking.
    """
    repository.update(settings=repository.settings_with(**{FOLLOWS: Followed(agreed).to_json()}))


def present_agreement(repository: Repository) -> Prescription:
    """Return what a repository may prescribe if what is exchanged now is the most: by the rules of its tasks.

    Raises:
        FilterError: a filter of a task cannot be read.
    """
    tasks = [each for each in repository.task_rows if each.mode is not Mode.NONE]
    filters = {each.resource: wanted_tasks.text_of_filters(repository.site.db, each) for each in tasks}
    rules = [each.rules for each in tasks] or [TaskRules()]
    return Prescription(
        tuple(
            InvitedResource(each.resource, each.mode, each.rules.components, filters[each.resource])
            for each in tasks
        ),
        least(each.update_policy for each in rules),
        least(each.conflict_policy for each in rules),
    )


class ChangedMeanwhile(Exception):
    """The other site prescribes something else by now than what a person was shown."""


def accept(repository: Repository, seen: str) -> Followed | None:
    """Accept what a repository prescribes beyond what was agreed, and carry it out.

    Args:
        repository: the repository.
        seen: the fingerprint of what the person was shown.

    Returns:
        what is stored now, with a problem if it cannot be carried out all the same.

    Raises:
        AlreadyRunning: the repository is being synchronised.
        ChangedMeanwhile: it prescribes something else by now; nothing was accepted.
        FilterError: its conditions cannot be read.
    """
    site = repository.site
    with site.store.transaction():
        jobs.ensure_idle(site, repository.id)
        repository = site.repository(repository.id)
        followed = followed_in(repository.settings)
        if followed is None or followed.told is None:
            return followed
        if followed.fingerprint != seen:
            raise ChangedMeanwhile
        agreed = widened(followed.agreed, Prescription.from_json(followed.told))
        repository.update(
            settings=repository.settings_with(**{FOLLOWS: replace(followed, agreed=agreed).to_json()})
        )
        return take(repository, followed.told, accepted=True)


def stop_following(repository: Repository) -> None:
    """Let a repository prescribe nothing any more: its tasks stay as they are, and people here may change them."""
    with repository.site.store.transaction():
        kept = repository.settings_with()
        kept.pop(FOLLOWS, None)
        repository.update(settings=kept)
