"""The bin: what was deleted, for who may read it; restoring it, for who may delete it; its end, for administrators."""

from __future__ import annotations

from typing import Any

from gluon import URL, redirect

from ...bin import emptying as emptying
from ...bin import entries as entries
from ...bin.restore import restore
from ...core.plurals import counted
from ...core.text import asked_text
from ...exchange.importer.deletion import ObstacleKind
from ...site.scoping import account_rights as account_rights
from ...ui.refusals import refusal
from .context import ScreenContext
from .widgets import action_button, confirm, pressed


def page(screen: ScreenContext) -> Any:
    """Show the bin, or the deletion that the address names."""
    if not screen.site.host.logged_in():
        screen.site.host.forbid()
    if screen.request.args:
        return _entry(screen)
    T, site = screen.T, screen.site
    entries.look(site)
    search = asked_text(screen.request.get_vars, "q")
    found, shown = entries.entries(site, screen.request.get_vars, search)
    screen.response.view = "sync/bin.html"
    return {
        "title": T("Bin"),
        "page": found,
        "entries": shown,
        "search": search,
        "days": _days(screen),
        "along": {each.number: _along(T, each) for each in shown},
    }


def _entry(screen: ScreenContext) -> Any:
    T, request, site = screen.T, screen.request, screen.site
    found = entries.entry(site, request.args(0))
    if found is None:
        raise refusal(404, T("It is not in the bin: it was restored, or its time there is over."))
    administers = site.host.may_administer()
    for_good = None
    if administers:
        for_good = confirm(
            screen,
            "for_good",
            T("Delete %s for good?") % called(found),
            _what_it_means(T, found),
            T("Delete for good"),
        )
        if for_good.page:
            return for_good.page
        if for_good.agreed:
            _delete_for_good(screen, found)
    blocking = entries.obstacles(site, found)
    button = action_button("restore", T("Restore"))
    may_delete = bool(account_rights.permitted(site, "delete", found.place[0], [found.place[1]]))
    if not blocking and pressed(screen, button, "restore"):
        if not may_delete:
            site.host.forbid()
        _restore(screen, found)
    screen.response.view = "sync/bin_entry.html"
    return {
        "title": called(found),
        "entry": found,
        "blocking": [(each, obstacle_words(T, each), _address(screen, each)) for each in blocking],
        "button": button if may_delete and not blocking else None,
        "for_good": for_good,
        "days": _days(screen),
    }


def called(found: entries.BinEntry) -> str:
    """Return what a record is called: its name, or its kind and number."""
    return found.name or f"{found.title} #{found.place[1]}"


def obstacle_words(T: Any, blocking: entries.Blocking) -> Any:
    """Return in a sentence what stands in the way of restoring a record."""
    kind, other = blocking.obstacle.kind, blocking.name or f"#{blocking.obstacle.other[1]}"
    if kind is ObstacleKind.MERGED:
        return T("It was merged into %s: what it said is there.") % other
    if kind is ObstacleKind.NEEDED:
        return T("It cannot be without %s, which is deleted. Restore that first.") % other
    if kind is ObstacleKind.TAKEN:
        return T(
            "%(name)s has the value %(value)s now, which only one record can have. Change it there first."
        ) % {
            "name": other,
            "value": blocking.obstacle.value,
        }
    return T("There can be only one of its kind, and %s has its place now. Delete that first.") % other


def _along(T: Any, found: entries.BinEntry) -> str:
    return ", ".join(f"{each.title} ({each.many})" for each in found.along)


def _days(screen: ScreenContext) -> int:
    return screen.site.host.settings.get_sync_bin_days()


def _address(screen: ScreenContext, blocking: entries.Blocking) -> str | None:
    """Return the page of what stands in the way: of the record, or of its entry in the bin."""
    if blocking.number is not None:
        return str(URL("sync", "bin", args=[blocking.number]))
    name, key = blocking.obstacle.other
    table = screen.site.schema.table(name)
    if screen.site.host.page_exists(table.prefix, table.resource):
        return str(URL(table.prefix, table.resource, args=[key]))
    return None


def _what_it_means(T: Any, found: entries.BinEntry) -> list[Any]:
    lines = [
        T("What it said is removed from this site, and nobody can bring it back here, except from a backup.")
    ]
    if found.along:
        lines.append(T("So is what was deleted with it: %s.") % _along(T, found))
    lines.append(
        T(
            "Other sites keep it in their bins until its time there is over. If it is restored at one of them, it "
            "comes back here as well; to prevent that, delete it for good there, too."
        )
    )
    return lines


def _restore(screen: ScreenContext, found: entries.BinEntry) -> None:
    T, site = screen.T, screen.site
    done = restore(site, [found.place], site.host.user_id)
    if not done.records:
        redirect(URL("sync", "bin", args=[found.number]))
    screen.session.flash = counted(
        T,
        len(done.records),
        "%(count)s record was restored; other sites get it with the next synchronization",
        "%(count)s records were restored; other sites get them with the next synchronization",
    )
    table = site.schema.table(found.place[0])
    if site.host.page_exists(table.prefix, table.resource):
        redirect(URL(table.prefix, table.resource, args=[found.place[1]]))
    redirect(URL("sync", "bin"))


def _delete_for_good(screen: ScreenContext, found: entries.BinEntry) -> None:
    T, site = screen.T, screen.site
    count = emptying.delete_for_good(site, found.place, site.host.user_id)
    screen.session.flash = counted(
        T,
        count,
        "%(count)s record was deleted for good at this site",
        "%(count)s records were deleted for good at this site",
    )
    redirect(URL("sync", "bin"))
