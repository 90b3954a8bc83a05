"""The data sets of a repository: what the other site publishes, and to which of it this site subscribes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from gluon import FORM, URL, redirect

from ....active import subscribed as subscribed
from ....core.errors import AlreadyRunning, SyncError
from ....site import Repository
from ....site.labels import resource_title
from ....site.wanted import subscriptions as subscriptions
from ....site.wanted.subscriptions import ChosenSet, found_last
from ....transport.limits import InteractiveLimits
from ....ui import look as look
from ....ui.refusals import refusal
from ....wire.data_sets import PublishedSet
from ..context import ScreenContext
from ..widgets import pressed


class ShownSet(NamedTuple):
    """A data set for the view.

    Attributes:
        code, name: of it.
        comments: what the other site says about it, by lines.
        resources: titles of its resources; of one that was not told now, of those that are fetched.
        limited: whether it has only some of their records, as far as that was told.
        archived: whether there is an archive of it.
        is_chosen: whether this site subscribes to it.
        is_offered: whether the other site offers it; True where it could not be asked.
        problems: what of it cannot be fetched here, and why.
    """

    code: str
    name: str
    comments: Sequence[str]
    resources: Sequence[str]
    limited: bool
    archived: bool
    is_chosen: bool
    is_offered: bool
    problems: Sequence[str]


def tab(screen: ScreenContext, record: Repository) -> Any:
    """Show the data sets of a repository; subscribe to those that a person ticks."""
    T = screen.T
    if not subscribed.subscribes(record):
        raise refusal(404, T("There is no such page."))
    form = FORM()
    is_sent = pressed(screen, form, "sets")
    told, problem = _ask(record)
    if is_sent and problem is None:
        _choose(screen, record, told)
    elif is_sent:
        screen.response.flash = look.Problem(T("Nothing was changed: the other site could not be asked."))
    record = screen.site.repository(record.id)
    screen.response.view = "sync/sets.html"
    return {
        "title": T("Data sets of %s") % record.name,
        "form": form,
        "sets": _shown(screen, record, told, problem),
        "problem": problem,
    }


def _ask(
    record: Repository, codes: Collection[str] | None = None
) -> tuple[Sequence[PublishedSet], str | None]:
    """Return the sets that the other site has, and why it could not be asked.

    Args:
        record: the repository.
        codes: of which sets: then all is told, for the list of an Eden leaves out the conditions; None for all.
    """
    record.site.db.commit()
    try:
        with record.peer(InteractiveLimits()) as peer:
            return peer.sets(None if codes is None else sorted(codes)), None
    except SyncError as error:
        return (), error.explain()


def _choose(screen: ScreenContext, record: Repository, told: Sequence[PublishedSet]) -> None:
    """Subscribe to the sets that were ticked, and go to what is exchanged now."""
    T, given = screen.T, screen.request.post_vars.code or []
    ticked = {str(each) for each in (given if isinstance(given, list) else [given])}
    present = {each.code for each in subscriptions.chosen(screen.db, record.id)}
    # What is neither offered nor chosen was not on the page.
    codes = ticked & ({each.code for each in told} | present)
    complete, problem = _ask(record, codes)
    if problem is not None:
        screen.response.flash = look.Problem(T("Nothing was changed: the other site could not be asked."))
        return
    try:
        changes = subscribed.choose(record, codes, complete)
    except AlreadyRunning:
        screen.response.flash = look.Problem(
            T("Nothing was changed: it is being synchronized. Try again when that has ended.")
        )
        return
    screen.db.commit()
    lacking = any(each.problems for each in changes)
    screen.session.flash = (
        look.Problem(T("Saved, but some resources cannot be fetched here. See below."))
        if lacking
        else T("Saved. The next synchronization fetches what is in the data sets.")
    )
    redirect(URL("sync", "repository", args=[record.id, "sets" if lacking or not codes else "task"]))


def _shown(
    screen: ScreenContext, record: Repository, told: Sequence[PublishedSet], problem: str | None
) -> list[ShownSet]:
    chosen = {each.code: each for each in subscriptions.chosen(screen.db, record.id)}
    before = found_last(record.settings)
    offered = [_offered(screen, each, each.code in chosen, before.get(each.code, {})) for each in told]
    others = [each for code, each in chosen.items() if code not in {one.code for one in told}]
    return [*offered, *(_former(screen, each, problem is not None) for each in others)]


def _offered(
    screen: ScreenContext, each: PublishedSet, is_chosen: bool, problems: dict[str, str]
) -> ShownSet:
    return ShownSet(
        each.code,
        each.name,
        each.comments.splitlines(),
        sorted({_title(screen, task.resource) for task in each.tasks}),
        any(task.conditions for task in each.tasks),
        bool(each.archive_url),
        is_chosen,
        True,
        [f"{_title(screen, name)}: {why}" for name, why in problems.items() if name and is_chosen],
    )


def _former(screen: ScreenContext, each: ChosenSet, is_offered: bool) -> ShownSet:
    titles = sorted(_title(screen, name) for name in each.resources)
    return ShownSet(each.code, each.name, (), titles, False, False, True, is_offered, ())


def _title(screen: ScreenContext, name: str) -> str:
    return resource_title(screen.site, name) if screen.site.schema.get(name) is not None else name
