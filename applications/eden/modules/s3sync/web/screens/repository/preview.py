"""The preview in words: what a synchronisation would do now, with examples and their differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from gluon import URL

from ....active.preview import MOST, SENT, SENT_DELETED, Direction, Preview, ResourcePreview, preview
from ....conflicts.site_words import SiteWords
from ....core.errors import ConfigurationError, DocumentTooLarge, SyncError
from ....core.kept import Side
from ....core.plurals import counted, number
from ....core.records import Action, Record
from ....core.schema import Table
from ....core.text import asked_text
from ....exchange import versions as versions
from ....exchange.peer import Capability
from ....exchange.run.ports import Task
from ....site import Repository
from ....site.labels import Translate, resource_names
from ....wire.protocol.dry_run import DryRunRecord
from ..context import ScreenContext
from ..widgets import action_button, pressed
from ..words import remedies as remedies

#: Maximum number of fields shown of a record that only one site has.
MOST_FIELDS = 6


@dataclass(frozen=True)
class Count:
    """The number of records with one expected outcome.

    Attributes:
        kind: kind of state, for ``look.state``.
        words: the outcome.
        count: number of records.
    """

    kind: str
    words: Any
    count: int


class Example(NamedTuple):
    """A record with its expected outcome.

    Attributes:
        kind, words: as in ``Count``.
        name: name of the record.
        reasons: why, and whose version stays.
        lines: fields that differ, or the first fields of a record that only one site has; here, then there.
    """

    kind: str
    words: Any
    name: str
    reasons: list[Any]
    lines: list[versions.FieldLine]


class Part(NamedTuple):
    """A direction of a resource on the page.

    Attributes:
        title: title of the direction.
        counts: the expected outcomes.
        notes: further remarks.
        examples: some of the records.
        error: why the outcomes are unknown, None if they are known.
    """

    title: Any
    counts: list[Count]
    notes: list[Any]
    examples: list[Example]
    error: Any


class PreviewPage(NamedTuple):
    """A resource on the page."""

    name: str
    title: str
    parts: list[Part]
    in_time: bool


class SumPart(NamedTuple):
    """A direction of all resources together.

    Attributes:
        title: title of the direction, with the number of records.
        note: of which records the outcomes are, "" where of all.
        counts: the expected outcomes.
    """

    title: Any
    note: Any
    counts: list[Count]


def tab(screen: ScreenContext, record: Repository) -> Any:
    """Show what a synchronisation would do now, after the button is pressed."""
    T = screen.T
    wanted = asked_text(screen.request.get_vars, "resource", 64)
    tasks, problem = _tasks(screen, record)
    chosen = [task for task in tasks if task.resource == wanted] or tasks
    look = action_button("look", T("Look now"))
    may_look = Capability.PREVIEW in record.type_capabilities and record.can_ask
    result: Preview | None = None
    if chosen and may_look and pressed(screen, look, "look"):
        result = preview(record, chosen)
    titles = resource_names(screen.site)
    screen.response.view = "sync/preview.html"
    return {
        "look_now": look if chosen and may_look else "",
        "problem": problem,
        "most": MOST,
        "result": result,
        "failed": _explained(T, result.error) if result and result.error else None,
        "sums": _sums(T, result) if result else [],
        "resources": [_shown(screen, each, titles) for each in result.resources] if result else [],
        "choices": [(task.resource, str(titles.get(task.resource, task.resource))) for task in tasks],
        "chosen": wanted if len(chosen) == 1 and len(tasks) > 1 else "",
        "add": URL("sync", "repository", args=[record.id, "task", "create"]),
        "now": URL("sync", "repository", args=[record.id, "now"]),
    }


def _tasks(screen: ScreenContext, record: Repository) -> tuple[list[Task], Any]:
    if not record.can_ask:
        return [], None
    try:
        return record.tasks, None
    except ConfigurationError:
        # Nothing is exchanged yet; the page tells how to begin.
        return [], None
    except SyncError as error:
        return [], _explained(screen.T, error)


def _explained(T: Translate, error: SyncError) -> Any:
    if isinstance(error, DocumentTooLarge):
        return T(
            "The other site sends all records in one document, which is too large to be looked at here. The "
            "synchronization itself takes it."
        )
    return error.explain()


def _shown(screen: ScreenContext, found: ResourcePreview, titles: dict[str, Any]) -> PreviewPage:
    name = found.task.resource
    parts = []
    if found.incoming is not None:
        parts.append(_part(screen, name, found.incoming, incoming=True))
    if found.outgoing is not None:
        parts.append(_part(screen, name, found.outgoing, incoming=False))
    return PreviewPage(name, str(titles.get(name, name)), parts, found.in_time)


def _sums(T: Translate, found: Preview) -> list[SumPart]:
    """Return what all resources would do together; a number says so if there may be more."""
    parts = []
    for incoming, total in zip((True, False), found.sums()):
        if total is None or not (total.records or total.looked):
            continue
        fates = _fates(T, incoming)
        count = number(total.records) if total.is_all else T("%s or more") % number(total.records)
        title = (T("To fetch: %s") if incoming else T("To send: %s")) % count
        is_part = not total.is_all or total.looked < total.records
        note = T("Of the %s that were looked at:") % number(total.looked) if is_part else ""
        counts = [Count(*fates[each], total.outcomes[each]) for each in fates if total.outcomes.get(each)]
        parts.append(SumPart(title, note, counts))
    return parts


def _part(screen: ScreenContext, name: str, direction: Direction, *, incoming: bool) -> Part:
    T = screen.T
    title = T("From the other site to here") if incoming else T("From here to the other site")
    if direction.error is not None or direction.dry_run is None:
        reason = _explained(T, direction.error) if direction.error else ""
        return Part(title, [], [], [], T("This could not be looked at: %s") % reason)
    dry_run = direction.dry_run
    fates = _fates(T, incoming)
    counts = [
        Count(*fates[action], dry_run.outcomes[action]) for action in fates if dry_run.outcomes.get(action)
    ]
    notes = _limits(T, direction)
    if direction.restored:
        notes.append(T("All records are compared once more: one of the sites was restored from a backup."))
    if dry_run.others:
        notes.append(
            counted(
                T,
                dry_run.others,
                "%(count)s record that belongs to them would change as well.",
                "%(count)s records that belong to them would change as well.",
            )
        )
    if not direction.outcome_of_dry_run:
        notes.append(T("An Eden does not say beforehand what it would do with them."))
    return Part(title, counts, notes, _examples(screen, name, direction, fates, incoming), None)


def _limits(T: Translate, direction: Direction) -> list[Any]:
    looked = direction.dry_run.looked if direction.dry_run else 0
    if not direction.more:
        return []
    if direction.total is None:
        return [
            counted(
                T,
                looked,
                "Only the first record was looked at; more wait.",
                "Only the first %(count)s records were looked at; more wait.",
            )
        ]
    return [
        counted(
            T,
            direction.total,
            "Only the first %(looked)s of %(count)s record were looked at.",
            "Only the first %(looked)s of %(count)s records were looked at.",
            looked=number(looked),
        )
    ]


def _fates(T: Translate, incoming: bool) -> dict[str, tuple[str, Any]]:
    """Return the possible outcomes of a record: state and words, in the order of the page."""
    return {
        "conflict": ("attention", T("changed at both sites")),
        "rejected": ("bad", T("cannot be taken")),
        "created": ("good", T("new here") if incoming else T("new there")),
        "updated": ("working", T("changed here") if incoming else T("changed there")),
        "deleted": ("attention", T("deleted here") if incoming else T("deleted there")),
        "merged": (
            "attention",
            T("merged here into another record") if incoming else T("merged there into another record"),
        ),
        "skipped": ("off", T("left out by the rules of the resource")),
        "unchanged": ("off", T("the same at both sites")),
        # From a site without dry runs, and so never incoming.
        SENT: ("working", T("sent")),
        SENT_DELETED: ("attention", T("sent as deleted")),
    }


# --- examples ------------------------------------------------------------------------------------------------


def _examples(
    screen: ScreenContext, name: str, direction: Direction, fates: dict[str, tuple[str, Any]], incoming: bool
) -> list[Example]:
    table = screen.site.schema.get(name)
    if table is None or direction.dry_run is None:
        return []
    return [
        _example(screen, table, each, fates[each.action], incoming)
        for each in direction.dry_run.examples
        if each.action in fates
    ]


def _example(
    screen: ScreenContext, table: Table, each: DryRunRecord, fate: tuple[str, Any], incoming: bool
) -> Example:
    T, site = screen.T, screen.site
    texts = (each.present, each.incoming) if incoming else (each.incoming, each.present)
    reasons = _reasons(T, each, incoming)
    names = versions.name_in(list(texts), site.host.name_fields(table.name))
    try:
        here, there = (versions.read(text, site.schema) for text in texts)
    except SyncError as error:
        reasons.append(T("The versions cannot be shown: %s") % error.message)
        here = there = None
    lines = _lines(screen, table, here, there)
    return Example(*fate, names or each.uuid or str(T("without an identifier")), reasons, lines)


def _reasons(T: Translate, each: DryRunRecord, incoming: bool) -> list[Any]:
    """Return the reasons, reworded for the reader: who "we" are depends on which site receives."""
    kept = Side.OURS if each.action == Action.SKIPPED and each.present else each.winner
    if kept:
        ours = (kept == Side.OURS) == incoming
        return [T("Our version would stay.") if ours else T("The other site's version would stay.")]
    return [remedies.reason_words(T)(each.reason)] if each.reason else []


def _lines(
    screen: ScreenContext, table: Table, here: Record | None, there: Record | None
) -> list[versions.FieldLine]:
    words = SiteWords(screen.site, screen.T, table, [here, there])
    lines = versions.compare(here, there, table, words, screen.site.own_domain)
    if here is not None and there is not None:
        return [line for line in lines if line.differs]
    empty = str(screen.T("empty"))
    told = [line for line in lines if (line.ours or line.theirs) not in (None, empty) and line.name]
    return told[:MOST_FIELDS]
