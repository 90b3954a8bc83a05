"""How the repositories of a site differ from what a file says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from ...adapters.settings import destination, opened, stored
from ...core.errors import ConfigurationError
from ...scheduler import jobs as jobs
from ...scheduler import schedule as schedule
from ...scheduler.schedule import WantedSchedule
from ...site import Repository, Site
from ...site.scoping import scopes as scopes
from ...site.wanted import tasks as wanted_tasks
from ...site.wanted.tasks import TaskDifference, WantedTask
from .. import repositories as repositories
from .. import scopes as administration_scopes
from .changes import ADD, CHANGE, Change
from .content import Content, RepositoryInFile
from .names import repository_of


def of_repositories(site: Site, content: Content) -> Iterator[Change]:
    """Yield the repositories that are missing, or have other settings, resources, scope or schedule.

    Raises:
        ConfigurationError: a new address would get a password that is not in the file.
    """
    for wanted in content.repositories:
        present = repository_of(site, wanted)
        details = tuple(_details(site, wanted, present))
        if present is None or details:
            yield Change(
                "repository",
                wanted.name,
                ADD if present is None else CHANGE,
                details,
                partial(_store, site, wanted, present),
            )


def _details(site: Site, wanted: RepositoryInFile, present: Repository | None) -> Iterator[str]:
    if present is not None and present.name != wanted.name:
        yield f"name: {present.name} -> {wanted.name}"
    if wanted.uuid and (present is None or present.uuid != wanted.uuid):
        yield f"uuid: {wanted.uuid}"
    yield from _settings(site, wanted, present)
    if wanted.account and _account_of(site, present) != wanted.account:
        yield f"account: {wanted.account}"
    if wanted.scope is not None:
        former = _scope_of(site, present)
        if former != wanted.scope:
            yield f"scope: {former or 'everything'} -> {wanted.scope or 'everything'}"
    yield from _resources(wanted.resources, present)
    yield from _schedule(site, wanted.schedule, present)


def _settings(site: Site, wanted: RepositoryInFile, present: Repository | None) -> Iterator[str]:
    former = _known(site, wanted, present)
    for setting in wanted.kind.settings:
        if setting.name not in wanted.settings:
            continue
        value = wanted.settings[setting.name]
        if (value or None) != (former.get(setting.name) or None):
            if setting.secret:
                yield f"{setting.name}: another one"
            else:
                yield f"{setting.name}: {former.get(setting.name) or 'none'} -> {value or 'none'}"


def _known(site: Site, wanted: RepositoryInFile, present: Repository | None) -> Mapping[str, Any]:
    """Return the settings of a repository, secrets in clear text; one that cannot be opened counts as none."""
    if present is None:
        return {}
    try:
        return opened(present, wanted.kind.settings, site.vault)
    except ConfigurationError:
        return opened(present, [each for each in wanted.kind.settings if not each.secret], site.vault)


def _account_of(site: Site, present: Repository | None) -> str:
    found = site.accounts.email(present.account_id) if present is not None else None
    return (found or "").lower()


def _scope_of(site: Site, present: Repository | None) -> str:
    """Return the name of the scope of a repository, "" for everything."""
    if present is None or present.scope_id is None:
        return ""
    found = scopes.find(site, present.scope_id)
    # One that is gone lets nothing through, and is no name.
    return "nothing" if found is None else found.scope.name


def _resources(wanted: Sequence[WantedTask] | None, present: Repository | None) -> Iterator[str]:
    if wanted is None:
        return
    if present is None:
        yield from (_added(each) for each in wanted)
        return
    yield from map(_difference, wanted_tasks.differences(present, wanted))


def _added(wanted: WantedTask) -> str:
    chosen = f", {wanted.filter_text}" if wanted.filters else ""
    return f"resource {wanted.resource}: {wanted.rules.mode.name.lower()}{chosen}"


def _difference(each: TaskDifference) -> str:
    if each.wanted is None:
        return f"resource {each.resource}: no longer; its records stay"
    if each.present is None:
        return _added(each.wanted)
    told = ", ".join(
        f"{name}: {was or 'none'} -> {shall or 'none'}" for name, (was, shall) in each.changed.items()
    )
    return f"resource {each.resource}: {told}" + (
        "; everything is compared again" if each.compares_all else ""
    )


def _schedule(site: Site, wanted: WantedSchedule | None, present: Repository | None) -> Iterator[str]:
    if wanted is None or (present is not None and schedule.is_as_wanted(site, present.id, wanted)):
        return
    former = schedule.of_repository(site, present.id) if present is not None else []
    was = f" (was: {'; '.join(each.in_words for each in former)})" if former else ""
    yield f"schedule: {wanted.in_words}{was}"


def check_secrets(wanted: RepositoryInFile, present: Repository | None) -> str | None:
    """Return the secret that has to be in the file, since it would go to another address than so far; None for none.

    Nobody may have a password sent elsewhere without knowing it, as in the form.
    """
    if present is None:
        return None
    kind = wanted.kind
    former = {each.name: stored(present, each) for each in kind.settings}
    shall_be = {**former, **wanted.settings}
    if destination(kind.settings, former) == destination(kind.settings, shall_be):
        return None
    return next(
        (
            each.name
            for each in kind.settings
            if each.secret and former[each.name] and each.name not in wanted.settings
        ),
        None,
    )


def _store(site: Site, wanted: RepositoryInFile, present: Repository | None) -> None:
    secret = {each.name for each in wanted.kind.settings if each.secret}
    former = (
        {each.name: stored(present, each) for each in wanted.kind.settings} if present is not None else {}
    )
    values = dict(former)
    known = _known(site, wanted, present)
    for name, value in wanted.settings.items():
        if (value or None) != (known.get(name) or None):
            values[name] = site.vault.seal(value) if name in secret and value else value or None
    if present is not None:
        jobs.ensure_idle(site, present.id)
    key = repositories.store_repository(site, present, wanted.kind.apitype, wanted.name, values, wanted.uuid)
    repository = site.repository(key)
    if wanted.account:
        repository.update(account_id=site.accounts.users([wanted.account])[wanted.account])
        repository = site.repository(key)
    if wanted.scope is not None and _scope_of(site, repository) != wanted.scope:
        found = [each.id for each in scopes.all_of(site) if each.scope.name == wanted.scope]
        administration_scopes.give(repository, found[0] if wanted.scope else None)
    if wanted.resources is not None:
        wanted_tasks.write(repository, wanted.resources)
    if wanted.schedule is not None:
        schedule.arrange(site, key, None, wanted.schedule)
