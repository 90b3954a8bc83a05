"""List, read, create, update and delete the records of any table: pages for people.

URLs below ``/<prefix>/<name>``: nothing (list), ``create``, ``<id>``, ``<id>/update``, ``<id>/delete``, and for a
component ``<id>/<alias>/create``, ``<id>/<alias>/<component id>/update`` and ``.../delete``. Programs use ``.xml``
instead, which the synchronisation answers.
"""

from __future__ import annotations

from typing import Any

from gluon import SQLFORM, URL, current, redirect

from s3sync.core.plurals import counted
from s3sync.ui.forms import buttons, form_rows
from s3sync.ui.refusals import refusal

from ..data_model.components import Component, without_prefix
from ..data_model.datamodel import table_name
from ..data_model.errors import DeletionRestricted
from ..data_model.validators import is_key
from ..lists.export import called, formats_of
from ..lists.import_pages import ImportPages
from ..users.auth import PROTECTED_PREFIXES
from .consequences import consequences
from .listing import PAGE_LENGTH, listing
from .presentation import Presentation
from .record_form import RecordForm


class ResourceScreens(Presentation):
    """The pages of one table."""

    # Pages

    def listed(self, variables: Any) -> dict[str, Any]:
        """Return a page of live records.

        Args:
            variables: variables of the address: ``q`` searches in texts, ``sort`` sorts, ``page`` counts from 1.
        """
        self._allow("list")
        table = self.table
        names = self.s3db.get_config(table, "name_fields", ("name",))
        page = listing(
            self.s3db.db,
            table.deleted == False,  # noqa: E712 - SQL
            [column.field for column in self.columns()],
            variables,
            searchable=self.searchable(),
            order=[table[name] for name in names if name in table.fields],
        )
        self.preload(page.columns, page.rows)
        return {
            "view": "rest/list.html",
            "title": self.title,
            "page": page,
            "screens": self,
            "may_create": self.auth.s3_has_permission("create", table),
            "may_import": self._may_import(),
            "saved": {
                called(each): URL(self.prefix, f"{self.name}.{each}", vars=_searched(variables))
                for each in formats_of(self)
            },
        }

    def _may_import(self) -> bool:
        may = all(self.auth.s3_has_permission(method, self.table) for method in ("create", "update"))
        return may and getattr(current, "sync_site", None) is not None

    def read(self, record: Any) -> dict[str, Any]:
        """Return the page of one record with its components."""
        self._allow("read")
        table = self.table
        fields = [field for field in table if self.is_data(table, field)]
        return {
            "view": "rest/record.html",
            "title": self.record_label(record),
            "kind": self.title,
            "record": record,
            "fields": [(field.label, self.shown(field, record[field.name])) for field in fields],
            "meta": [
                (label, self.shown(table[name], record[name]))
                for name, label in self._meta_labels().items()
                if name in table.fields
            ],
            "components": [
                part for part in (self._component_part(record, one) for one in self._components()) if part
            ],
            "screens": self,
            "may_update": self.auth.s3_has_permission("update", table, record.id),
            "may_delete": self.auth.s3_has_permission("delete", table, record.id),
        }

    def _meta_labels(self) -> dict[str, Any]:
        T = self.T
        return {
            "uuid": T("Identifier"),
            "created_on": T("Created on"),
            "created_by": T("Created by"),
            "modified_on": T("Changed on"),
            "modified_by": T("Changed by"),
        }

    def _components(self) -> list[Component]:
        return [one for one in self.s3db.get_components(self.table).values() if one.link is None]

    def _component_part(self, record: Any, component: Component) -> dict[str, Any] | None:
        table = self.s3db[component.tablename]
        key = record[component.pkey]
        if not key or not self.auth.s3_has_permission("read", component.tablename):
            return None
        query = (table[component.fkey] == key) & (table.deleted == False)  # noqa: E712 - SQL
        columns = [one for one in self.columns(table) if one.field.name != component.fkey]
        rows = self.s3db.db(query).select(
            table.id, *[column.field for column in columns], orderby=table.id, limitby=(0, PAGE_LENGTH)
        )
        self.preload(columns, rows)
        title = self.s3db.get_config(table, "title") or component.alias.replace("_", " ").capitalize()
        return {
            "alias": component.alias,
            "title": title
            if component.alias == without_prefix(component.tablename)
            else f"{title} ({component.alias})",
            "columns": columns,
            "rows": rows,
            "may_create": (component.multiple or not rows)
            and self.auth.s3_has_permission("create", component.tablename),
        }

    def edit(
        self,
        record: Any,
        after: str,
        fixed: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return a form to create or change a record.

        Args:
            record: the record, None for a new one.
            after: address to go to when it is saved; by default the page of the record.
            fixed: values that are not in the form, such as the master of a component.
        """
        self._allow("update" if record else "create")
        return RecordForm(self, record, after, fixed).page()

    def delete(self, record: Any, after: str) -> dict[str, Any]:
        """Return the page that asks whether to delete a record, or delete it.

        Args:
            record: the record.
            after: address to go to after the deletion.
        """
        self._allow("delete")
        T, leave = self.T, self._page_of(record, after)
        form = SQLFORM.factory(
            formstyle=form_rows,
            buttons=buttons(T("Delete"), T("Leave it as it is"), leave, danger=True),
            _class="delete-form",
        )
        if form.process(formname=f"delete_{self.table}_{record.id}", message_onfailure="").accepted:
            try:
                count = self.s3db.delete(self.table, [record.id])
            except DeletionRestricted as error:
                raise refusal(409, str(error)) from error
            current.session.flash = counted(
                T, count, "%(count)s record was deleted", "%(count)s records were deleted"
            )
            redirect(after)
        return {
            "view": "rest/delete.html",
            "title": T("Delete %s?") % self.record_label(record),
            "kind": self.title,
            "form": form,
            "back": after,
            "leave": leave,
            "consequences": consequences(self.s3db, self.auth, self.table, int(record.id)),
        }

    def _page_of(self, record: Any, after: str) -> str:
        """Return the address of the page with the record's "Delete" link."""
        return after if after != self.url() else self.url(record.id)

    def _allow(self, method: str) -> None:
        if not self.auth.s3_has_permission(method, self.table):
            raise refusal(403, self.T("Your roles do not allow it. Ask an administrator for access."))

    def find(self, record_id: str, request: Any = None) -> Any:
        """Return a live record by its id.

        Args:
            record_id: the id.
            request: web2py's. If it brings what somebody typed into the form of the record, that may be deleted.

        Raises:
            HTTP: 404 if there is none.
        """
        table = self.table
        if not is_key(record_id):
            raise refusal(404, self.T("A record is named by its number."))
        record = self.s3db.db(table.id == int(record_id)).select(limitby=(0, 1)).first()
        was_typed = request is not None and request.post_vars._formname == f"{table}/{record_id}"
        if record is None or (record.deleted and not was_typed):
            raise refusal(404, self.T("There is no such record, or it was deleted."))
        return record


def _searched(variables: Any) -> dict[str, str]:
    return {name: str(variables[name]) for name in ("q", "sort") if variables.get(name)}


def serve(s3db: Any, auth: Any, prefix: str, name: str, request: Any) -> dict[str, Any]:
    """Answer a request for the pages of a table.

    Args:
        s3db: the site's data model.
        auth: the site's ``S3Auth``.
        prefix: module of the table.
        name: its name without the module.
        request: web2py's request.

    Returns:
        the variables of the view, with its name as "view".

    Raises:
        HTTP: refusals and redirects.
    """
    T = current.T
    tablename = f"{prefix}_{name}"
    table = s3db.table(tablename)
    if table is None or "deleted_fk" not in table.fields or tablename.startswith(PROTECTED_PREFIXES):
        raise refusal(404, T("This site has no such records."))
    if list(request.args[:1]) == ["import"] and request.extension in ("html", "csv"):
        return ImportPages(s3db, auth, tablename).serve(list(request.args[1:]), request, current.response)
    if request.extension != "html":
        raise refusal(415, T("Ask for .html or .xml."))
    screens = ResourceScreens(s3db, auth, tablename)
    args = list(request.args)
    if not args:
        return screens.listed(request.get_vars)
    if args == ["create"]:
        return screens.edit(None, "")
    record = screens.find(args[0], request if args[1:] == ["update"] else None)
    own_page = screens.url(record.id)
    if len(args) == 1:
        return screens.read(record)
    if args[1:] == ["update"]:
        return screens.edit(record, own_page)
    if args[1:] == ["delete"]:
        return screens.delete(record, screens.url())
    component = s3db.get_components(tablename).get(args[1])
    if component is None or component.link:
        raise refusal(404, T("There is no such page about a record."))
    if len(args) == 2:
        redirect(own_page)
    part = ResourceScreens(s3db, auth, table_name(component.tablename))
    fixed = {component.fkey: record[component.pkey]}
    if args[2:] == ["create"]:
        return part.edit(None, own_page, fixed)
    child = part.find(args[2], request if args[3:] == ["update"] else None)
    if child[component.fkey] != record[component.pkey]:
        raise refusal(404, T("There is no such record, or it was deleted."))
    if args[3:] == ["update"]:
        return part.edit(child, own_page, fixed)
    if args[3:] == ["delete"]:
        return part.delete(child, own_page)
    redirect(part.url(child.id))
    raise AssertionError("redirect raises")
