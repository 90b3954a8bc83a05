"""Exchange by memory stick: which sticks are here, what lies on them, import from one, export to one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gluon import URL, Field, redirect
from gluon.validators import IS_IN_SET, IS_LENGTH, IS_NOT_EMPTY

from ...active.registration import introduce
from ...active.stick_contents import Condition, Left, StickContents
from ...core.errors import PeerUnreachable, SyncError
from ...core.plurals import counted
from ...database import runs as runs
from ...monitoring.status import RepositoryStatus, statuses
from ...scheduler import queue as queue
from ...scheduler import retries as retries
from ...scheduler.run_record import live_runs
from ...site import Repository
from ...site.labels import Translate
from ...transport.drives import Drive, drives, mounted
from ...ui import look as look
from ...wire.carried.names import GREETING
from ...wire.carried.state import Greeting
from .context import ScreenContext
from .runs import RunLine, run_lines
from .stick_seal import is_sealed
from .widgets import action_button, form_of, pressed
from .words import states_and_units as states_and_units
from .words.errors import errors

#: Type of the repositories that are reached by a stick, and the number of runs in the list.
TYPE, RUNS = "stick", 20


class LeftLine(NamedTuple):
    """Something that lies on a stick.

    Attributes:
        left: what it is.
        sender, receiver: from whom and for whom, in words.
        kind, words: its state, for ``look.state``.
        remark: what else to know about it.
        button: the form that imports it or adds its sender, None if there is nothing to do.
    """

    left: Left
    sender: Any
    receiver: Any
    kind: str
    words: Any
    remark: Any
    button: Any


class ExportLine(NamedTuple):
    """A site for which this stick can be written: its repository, what waits, whether it is sealed, the button."""

    status: RepositoryStatus
    waiting: Any
    sealed: bool
    button: Any


class StickView(NamedTuple):
    """A stick on the page.

    Attributes:
        key: short name for addresses and controls.
        drive: where it is.
        problem: why it cannot be used, None if it can.
        lines: what lies on it.
        exports: the sites for which it can be written.
        strangers: sites that have left their names on it and are not known here: name, and the form that adds one.
    """

    key: str
    drive: Drive
    problem: Any
    lines: Sequence[LeftLine]
    exports: Sequence[ExportLine]
    strangers: Sequence[tuple[str, Any]]


class RunOfSite(NamedTuple):
    """A run with the name of the other site."""

    name: str
    line: RunLine


def page(screen: ScreenContext) -> dict[str, Any]:
    """Show the sticks, what lies on them, and what was exchanged; begin an import or an export."""
    T, site = screen.T, screen.site
    roots = site.host.settings.get_sync_folder_roots()
    table = screen.db.sync_repository
    known = statuses(site, table.apitype == TYPE)
    found = drives(roots, mounted(), [Path(each.where) for each in known if each.where], GREETING)
    form = _new_site_form(screen, found)
    if form is not None and pressed(screen, form, "new"):
        chosen = next(each for each in found if _key(each) == form.vars.stick)
        _add(screen, form.vars.name.strip(), chosen, None)
    views = [_view(screen, each, known) for each in found]
    screen.response.view = "sync/stick.html"
    return {
        "title": T("Memory stick"),
        "allowed": bool(roots),
        "sticks": views,
        "new": form,
        "is_known": bool(known),
        "runs": _runs(screen, known),
        "workers": queue.workers_alive(site),
        "command": screen.worker_command,
    }


def _said(T: Translate, error: SyncError) -> str:
    heading = errors(T).get(error.code, "")
    return f"{heading}: {error.explain()}" if heading else error.explain()


# --- one stick -----------------------------------------------------------------------------------------------


def _view(screen: ScreenContext, drive: Drive, known: Sequence[RepositoryStatus]) -> StickView:
    key, site = _key(drive), screen.site
    try:
        contents = StickContents.of_folder(site, str(drive.path))
        left, strangers = contents.left(), contents.sites()
    except SyncError as error:
        return StickView(key, drive, _said(screen.T, error), (), (), ())
    lines = [_line(screen, drive, each) for each in left]
    exported = [each for each in known if drive.is_writable and not site.repository(each.id).is_revoked]
    exports = [_export(screen, drive, each) for each in exported]
    new = [each for each in strangers if contents.repository_of(each) is None]
    problem = None
    if not drive.is_writable:
        problem = screen.T("This site may not write on it, so nothing can be exported to it.")
    return StickView(
        key, drive, problem, lines, exports, [(each.name, _adding(screen, drive, each)) for each in new]
    )


def _key(drive: Drive) -> str:
    return hashlib.sha256(str(drive.path).encode("utf-8", "surrogateescape")).hexdigest()[:8]


def _line(screen: ScreenContext, drive: Drive, left: Left) -> LeftLine:
    T = screen.T
    kind, words = _condition(screen, left)
    button = None
    known = screen.site.known_repository(left.repository_id) if left.for_us else None
    may_import = known is not None and not known.is_revoked
    if may_import and left.repository_id and left.condition in (Condition.NEW, Condition.DAMAGED):
        label = T("Import from %s") % (left.sender_name or drive.name)
        button = _begin_button(
            screen, drive, left.repository_id, f"import-{_key(drive)}-{left.repository_id}", label
        )
    here = T("this site")
    return LeftLine(
        left,
        here if left.by_us else left.sender_name or T("a site without a name"),
        here if left.for_us else left.receiver_name or T("a site without a name"),
        kind,
        words,
        _remark(screen, left),
        button,
    )


def _condition(screen: ScreenContext, left: Left) -> tuple[str, Any]:
    T = screen.T
    words = {
        Condition.NEW: ("waiting", T("not read yet") if not left.for_us else T("new for this site")),
        Condition.READ: ("good", T("already read")),
        Condition.OLD: ("off", T("older than what was read")),
        Condition.GAP: ("attention", T("something in between is missing")),
        Condition.DAMAGED: ("bad", T("not whole")),
        Condition.STRANGE: ("attention", T("from a site that is not known here")),
        Condition.SEALED: ("attention", T("does not open")) if left.for_us else ("off", T("sealed")),
    }
    return words[left.condition]


def _remark(screen: ScreenContext, left: Left) -> Any:
    T = screen.T
    if left.condition is Condition.DAMAGED:
        return T(
            "The stick was taken out too early, or is worn. Nothing is lost: take it back to its writer."
        )
    if left.condition is Condition.GAP:
        return T(
            "A stick was lost or is still on its way. Export from here: then the other site writes it again."
        )
    if left.condition is Condition.STRANGE:
        return T("Add this site below to exchange with it.")
    if left.condition is Condition.SEALED:
        return _sealed_words(T, left)
    if left.not_chosen:
        return counted(
            T,
            left.not_chosen,
            "%(count)s more record is of a kind that this site does not fetch.",
            "%(count)s more records are of kinds that this site does not fetch.",
        )
    return ""


def _sealed_words(T: Translate, left: Left) -> Any:
    if left.by_us:
        return T("It was written with a former passphrase. The next export writes it again.")
    if not left.for_us:
        return T("Only the two sites can open it.")
    return T(
        "Enter the passphrase of the other site under Export, Sealing. If both have none, take it away there."
    )


def _export(screen: ScreenContext, drive: Drive, status: RepositoryStatus) -> ExportLine:
    label = screen.T("Export for %s") % status.name
    button = _begin_button(screen, drive, status.id, f"export-{_key(drive)}-{status.id}", label)
    waiting = states_and_units.waiting(screen.T, status.outgoing)
    return ExportLine(status, waiting, is_sealed(screen.site.repository(status.id)), button)


# --- what is done --------------------------------------------------------------------------------------------


def _begin_button(screen: ScreenContext, drive: Drive, repository_id: int, name: str, label: Any) -> Any:
    form = action_button(name, label)
    if pressed(screen, form, name):
        _begin(screen, screen.site.repository(repository_id), drive)
    return form


def _begin(screen: ScreenContext, repository: Repository, drive: Drive) -> None:
    """Queue a run of a repository with this stick, and show its progress."""
    T = screen.T
    if not repository.task_rows:
        screen.session.flash = look.Problem(T("Nothing was begun: choose first what both sites shall have."))
        redirect(URL("sync", "repository", args=[repository.id, "task"]))
    if repository.path != str(drive.path):
        with screen.site.store.transaction():
            repository.update(path=str(drive.path))
    retries.begin_now(screen.site, repository.id, screen.site.host.user_id)
    redirect(URL("sync", "repository", args=[repository.id, "now"]))


def _adding(screen: ScreenContext, drive: Drive, greeting: Greeting) -> Any:
    name = f"add-{_key(drive)}-{hashlib.sha256(greeting.uuid.encode()).hexdigest()[:8]}"
    form = action_button(name, screen.T("Add %s") % greeting.name)
    if pressed(screen, form, name):
        _add(screen, greeting.name, drive, greeting)
    return form


def _new_site_form(screen: ScreenContext, found: Sequence[Drive]) -> Any:
    """Return the form for a site that has not used a stick of this one yet, None if there is no stick."""
    T = screen.T
    usable = [each for each in found if each.is_writable]
    if not usable:
        return None
    fields = [
        Field(
            "name",
            label=T("Name of the other site"),
            requires=[IS_NOT_EMPTY(), IS_LENGTH(64)],
            comment=T(
                "As it calls itself: with several sites on one stick they are told apart by their names."
            ),
        ),
        Field(
            "stick",
            label=T("Stick or folder"),
            default=_key(usable[0]),
            requires=IS_IN_SET([(_key(each), each.name) for each in usable], zero=None),
        ),
    ]
    return form_of(*fields, table_name="new", T=T, label=T("Prepare the stick"))


def _add(screen: ScreenContext, name: str, drive: Drive, greeting: Greeting | None) -> None:
    """Add a repository for a site, and let both know each other."""
    T, site, table = screen.T, screen.site, screen.db.sync_repository
    told = {} if greeting is None else {"uuid": greeting.uuid}
    key = int(table.insert(name=name[:64], apitype=TYPE, path=str(drive.path), settings={}, **told))
    screen.db.commit()
    outcome = introduce(site, key)
    if outcome.error is None:
        screen.session.flash = T("The two sites know each other now. Choose what both shall have.")
    elif isinstance(outcome.error, PeerUnreachable):
        screen.session.flash = T(
            "This site has left its name on the stick. Choose what both sites shall have, then carry the stick to the "
            "other site and do the same there."
        )
    else:
        screen.session.flash = look.Problem(_said(T, outcome.error))
    redirect(URL("sync", "repository", args=[outcome.repository_id, "task"]))


# --- what was exchanged --------------------------------------------------------------------------------------


def _runs(screen: ScreenContext, known: Sequence[RepositoryStatus]) -> list[RunOfSite]:
    table = screen.db.sync_run
    names = {each.id: each.name for each in known}
    if not names:
        return []
    rows = runs.find(screen.db, table.repository_id.belongs(list(names)), ~table.id, RUNS)
    working = live_runs(screen.site)
    return [
        RunOfSite(names[row.repository_id], run_lines(screen, [row], working.get(row.repository_id))[0])
        for row in rows
    ]
