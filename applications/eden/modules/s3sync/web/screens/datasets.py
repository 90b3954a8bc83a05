"""Data sets: the public page, their archives, and the administrator's pages."""

from __future__ import annotations

from typing import Any

from gluon import URL, Field, redirect
from gluon.validators import IS_EMPTY_OR, IS_LENGTH, IS_MATCH, IS_NOT_EMPTY, IS_NOT_IN_DB

from ...administration import datasets as administration_datasets
from ...core.errors import SyncError
from ...database.tables.fields import live
from ...site import Site
from ...site import datasets as datasets
from ...site.labels import Translate, resource_title
from ...site.scoping import scopes as scopes
from ...site.wanted import tasks as wanted_tasks
from ...ui.choice import Choice
from ...ui.forms import checkboxes
from ...ui.refusals import refusal
from ...wire.filters import Filter
from .context import ScreenContext
from .widgets import action_button, confirm, form_of, pressed

LONGEST_COMMENTS = 4000


def public(screen: ScreenContext) -> Any:
    """Show to everybody what this site offers, and how to get it."""
    site = screen.site
    return {
        "title": screen.T("Data sets"),
        "sets": datasets.all_of(site),
        "titles": {name: resource_title(site, name) for name in administration_datasets.choices(site.schema)},
        "address": site.base_url,
        "administrator": site.host.may_administer(),
    }


def archive(screen: ScreenContext) -> Any:
    """Send the archive of a data set to users who may download it."""
    T, site = screen.T, screen.site
    found = datasets.with_code(site, str(screen.request.args(0) or ""))
    if found is None or found.archive is None or found.archive.size is None:
        raise refusal(404, T("There is no such archive. It may not have been made yet."))
    if not datasets.may_have(site, found):
        if not site.host.logged_in():
            site.host.forbid()
        if not site.host.may_synchronise():
            raise refusal(403, T("This archive is for accounts with the role Synchronization."))
        if scopes.is_bound(site):
            raise refusal(403, T("The scope of your account does not allow it."))
    path = site.files.path("sync_dataset_archive", found.archive.field, found.archive.stored)
    screen.response.headers["Content-Disposition"] = f'attachment; filename="{found.code}.zip"'
    screen.response.headers["Content-Type"] = "application/zip"
    return screen.response.stream(str(path), request=screen.request)


def page(screen: ScreenContext) -> Any:
    """Show the data sets to an administrator; create, change or remove one."""
    T, db = screen.T, screen.db
    if not screen.request.args:
        screen.response.view = "sync/datasets_admin.html"
        return {"title": T("Data sets"), "sets": datasets.all_of(screen.site)}
    if list(screen.request.args) == ["create"]:
        return _form(screen, None)
    record = screen.record(db.sync_dataset, screen.request.args(0))
    if record.repository_id is not None:
        raise refusal(404, T("There is no such record. It may have been deleted."))
    found = next(each for each in datasets.all_of(screen.site) if each.id == record.id)
    remove = confirm(
        screen,
        "remove",
        T("Remove the data set %s?") % found.name,
        (
            T("It is not offered any more, and its archive is removed."),
            T("The records stay, and sites that took its resources go on exchanging them."),
        ),
        T("Remove data set"),
    )
    if remove.page:
        return remove.page
    if remove.agreed:
        administration_datasets.remove(screen.site, found.id)
        screen.session.flash = T("The data set was removed. The records stay.")
        redirect(URL("sync", "dataset"))
    return _form(screen, found, remove.link)


class _Conditions:
    """A validator for the conditions of a data set, a line for each resource; its value is table -> conditions.

    Args:
        site: this site.
        T: web2py's translator.
    """

    def __init__(self, site: Site, T: Translate) -> None:
        self._site = site
        self._T = T

    def __call__(self, value: Any, record_id: Any = None) -> tuple[Any, Any]:
        found: dict[str, tuple[Filter, ...]] = {}
        text = str(value or "")
        if len(text) > LONGEST_COMMENTS:
            return value, self._T("This is too long.")
        for line in text.splitlines():
            if not line.strip():
                continue
            table, colon, conditions = line.partition(":")
            if not colon:
                return value, self._T("Write the table and a colon before the conditions: %s") % line[:60]
            try:
                read = wanted_tasks.read_filters(self._site, table.strip(), conditions.strip())
            except SyncError as error:
                return value, error.explain()
            found[table.strip()] = (*found.get(table.strip(), ()), *read)
        return found, None

    def formatter(self, value: Any) -> Any:
        """Return what is shown of a value: it is a text until it was checked."""
        return value


def _conditions_in_words(found: datasets.DataSet | None) -> str:
    if found is None:
        return ""
    return "\n".join(f"{name}: {'&'.join(conditions)}" for name, conditions in found.conditions.items())


def _form(screen: ScreenContext, found: datasets.DataSet | None, remove: Any = "") -> dict[str, Any]:
    T, site, db = screen.T, screen.site, screen.db
    names = {name: resource_title(site, name) for name in administration_datasets.choices(site.schema)}
    table = db.sync_dataset
    ours = (table.repository_id == None) & live(table)  # noqa: E711 - an SQL expression
    others = db(ours & (table.id != found.id)) if found else db(ours)
    form = form_of(
        Field(
            "name",
            label=T("Name"),
            default=found and found.name,
            requires=[IS_NOT_EMPTY(error_message=T("Enter a value")), IS_LENGTH(512)],
        ),
        Field(
            "code",
            label=T("Code"),
            default=found and found.code,
            requires=[
                IS_NOT_EMPTY(error_message=T("Enter a value")),
                IS_MATCH(
                    r"^[A-Za-z0-9_-]{1,64}$",
                    error_message=T("Letters without accents, digits, - and _ only, 64 at most"),
                ),
                IS_NOT_IN_DB(others, "sync_dataset.code", error_message=T("Another data set has this code")),
            ],
            comment=T("A short name for addresses and files, such as OFFICES."),
        ),
        Field(
            "resources",
            "list:string",
            label=T("Resources"),
            default=found.resources if found else [],
            requires=[
                Choice(dict(sorted(names.items(), key=lambda item: item[1].lower())), multiple=True),
                IS_NOT_EMPTY(error_message=T("Choose at least one.")),
            ],
            widget=checkboxes,
        ),
        Field(
            "conditions",
            "text",
            label=T("Only some of the records"),
            default=_conditions_in_words(found),
            requires=_Conditions(site, T),
            comment=T(
                "Empty for all records. A line for each resource: its table, a colon, and conditions as an address has "
                "them, for example: org_office: ~.name__like=*Paris*"
            ),
        ),
        Field(
            "comments",
            "text",
            label=T("Comments"),
            default=found and found.comments,
            requires=IS_EMPTY_OR(IS_LENGTH(LONGEST_COMMENTS)),
            comment=T("Shown to everybody: what it is for, who answers questions."),
        ),
        Field(
            "archived",
            "boolean",
            label=T("Make an archive of it every day"),
            default=bool(found and found.archived),
            comment=T(
                "A zip file with all its records as S3XML, to be downloaded. Sites that subscribe take it before they "
                "ask for anything else."
            ),
        ),
        Field(
            "components",
            "boolean",
            label=T("With what belongs to the records"),
            default=bool(found and found.components),
            comment=T(
                "For example contacts and addresses of persons, documents of offices: in the archive, and for sites "
                "that subscribe."
            ),
        ),
        Field(
            "public",
            "boolean",
            label=T("Anybody may download the archive, without an account"),
            default=bool(found and found.public),
            comment=T(
                "Everything in the records is public then. Otherwise accounts with the role Synchronization may."
            ),
        ),
        table_name="dataset",
        T=T,
        back=URL("sync", "dataset"),
    )
    if pressed(screen, form, "dataset"):
        given = form.vars
        administration_datasets.save(
            site,
            found.id if found else None,
            code=given.code,
            name=given.name,
            comments=given.comments or "",
            resources=given.resources,
            archived=bool(given.archived),
            public=bool(given.public),
            components=bool(given.components),
            conditions=given.conditions,
        )
        screen.session.flash = T("Saved")
        redirect(URL("sync", "dataset"))
    again = action_button("archive", T("Make the archive now"))
    if found and found.archived and pressed(screen, again, "archive"):
        administration_datasets.order_archive(site, found.id)
        screen.session.flash = T("The archive is made as soon as a worker is free.")
        redirect(URL("sync", "dataset", args=[found.id]))
    screen.response.view = "sync/dataset.html"
    return {
        "title": found.name if found else T("Add a data set"),
        "found": found,
        "form": form,
        "again": again,
        "remove": remove,
    }
