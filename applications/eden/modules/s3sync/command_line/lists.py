"""What waits for a decision, and the log: the lists of the screens, with their words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..conflicts import kept_list as kept_list
from ..database.paging import ListPage
from ..monitoring import log_view as log_view
from ..site import Site
from ..site.labels import Translate, resource_names
from ..web.screens.words import conflicts_and_log as conflicts_and_log
from ..web.screens.words.messages import MessageWords
from .states import repository_named
from .words import moment, plain


def conflicts(site: Site, T: Translate, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a page of the conflicts and rejected records that need a decision, newest first.

    Args:
        site: this site.
        T: web2py's translator.
        given: repository (name or number), page.

    Raises:
        Refusal: there is no such repository.
    """
    wanted = kept_list.KeptVersionQuery(
        repository=repository_named(site, given.get("repository")), kind=kept_list.ANY_UNDECIDED
    )
    page = kept_list.kept_page(site, wanted, _variables(given))
    kinds, titles = conflicts_and_log.kinds(T), resource_names(site)
    found = [
        {
            "id": each.row.id,
            "time": moment(each.row.created_on),
            "repository": each.repository,
            "resource": plain(titles.get(each.row.tablename, each.row.tablename)),
            "table": each.row.tablename,
            "record": each.name,
            "uuid": each.row.uuid,
            "kind": str(each.row.kind),
            "label": plain(kinds.get(each.row.kind, each.row.kind)),
            "address": f"{site.base_url}/sync/kept/{each.row.id}",
        }
        for each in page.rows
    ]
    return {**_place(page), "conflicts": found, "needs_attention": bool(page.total)}


def log(site: Site, T: Translate, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a page of the log, newest first.

    Args:
        site: this site.
        T: web2py's translator.
        given: repository (name or number), since (first day), search, trouble (whether only errors), page.

    Raises:
        Refusal: there is no such repository.
    """
    asked = log_view.LogQuery(
        repository=repository_named(site, given.get("repository")),
        result=log_view.ANY_TROUBLE if given.get("trouble") else "",
        since=given.get("since") or "",
        search=given.get("search") or "",
    )
    page = log_view.log_page(site, asked, _variables(given))
    names, words = log_view.repository_names(site.db), MessageWords(T)
    results, modes, titles = (
        conflicts_and_log.results(T),
        conflicts_and_log.modes(T),
        resource_names(site),
    )
    entries = sorted(
        (entry for group in page.rows for entry in group.entries), key=lambda entry: entry.id, reverse=True
    )
    found = [
        {
            "id": each.id,
            "time": moment(each.timestmp),
            "repository": names.get(each.repository_id or 0),
            "resource": plain(titles.get(each.resource_name or "", each.resource_name)),
            "direction": plain(modes.get(each.mode, each.mode)),
            "result": None if each.result is None else str(each.result.value),
            "label": "" if each.result is None else plain(results[each.result][1]),
            "message": words.message(each),
            "remedy": words.remedy(each),
            "run": each.run_id,
        }
        for each in entries
    ]
    return {**_place(page), "log": found, "needs_attention": False}


def _variables(given: Mapping[str, Any]) -> dict[str, str]:
    return {"page": str(given.get("page") or 1)}


def _place(page: ListPage) -> dict[str, int]:
    return {"page": page.number, "pages": page.pages, "total": page.total}
