"""List, read, create, update and delete the records of any table: pages for people.

URLs below ``/<prefix>/<name>``: nothing (list), ``create``, ``<id>``, ``<id>/update``, ``<id>/delete``, and for a
component ``<id>/<alias>/create``, ``<id>/<alias>/<component id>/update`` and ``.../delete``. Programs use ``.xml``
instead, which the synchronisation answers.
"""

from __future__ import annotations

from typing import Any

from gluon import CAT, INPUT, SPAN, SQLFORM, URL, current, redirect
from gluon.storage import Storage

from s3sync.core.plurals import counted
from s3sync.ui.forms import buttons, checkboxes, form_rows, nothing_saved
from s3sync.ui.look import moment
from s3sync.ui.refusals import refusal

from ..data_model.components import Component, without_prefix
from ..data_model.datamodel import table_name
from ..data_model.errors import DeletionRestricted
from ..data_model.metafields import META_FIELDS
from ..data_model.validators import ReferenceTo, is_key
from ..users.auth import PROTECTED_PREFIXES
from .concurrent_edit import ConcurrentEdit, choice
from .consequences import consequences
from .listing import PAGE_LENGTH, listing
from .presentation import Presentation


def _date_widget(field: Any, value: Any, **attributes: Any) -> INPUT:
    return SQLFORM.widgets.string.widget(field, value, _type="date", **attributes)


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
            searchable=[
                field for field in table if field.type in ("string", "text") and self.is_data(table, field)
            ],
            order=[table[name] for name in names if name in table.fields],
        )
        self.preload(page.columns, page.rows)
        return {
            "view": "rest/list.html",
            "title": self.title,
            "page": page,
            "screens": self,
            "may_create": self.auth.s3_has_permission("create", table),
        }

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
        method = "update" if record else "create"
        self._allow(method)
        table, T = self.table, self.T
        for name, value in (fixed or {}).items():
            table[name].default = value
            table[name].readable = table[name].writable = False
        for field in table:
            self._choose_widget(field)
        back = after or (self.url(record.id) if record else self.url())
        names = [
            field.name
            for field in table
            if field.writable and field.name not in META_FIELDS and field.type != "id"
        ]
        concurrent = ConcurrentEdit(table, record, names, current.request.post_vars) if record else None
        form = SQLFORM(
            table,
            record,
            fields=names,
            hidden=concurrent.hidden if concurrent else {},
            showid=False,
            deletable=False,
            upload=URL("default", "download"),
            formstyle=form_rows,
            separator="",
            buttons=buttons(T("Save"), T("Cancel"), back),
            _class="record-form",
        )

        def onvalidation(form: Any) -> None:
            if record:
                form.vars.id = record.id
            if concurrent:
                self._settle(concurrent, form, back)
                if form.errors:
                    return
            for name, value in (fixed or {}).items():
                form.vars[name] = value
            for callback in self._callbacks(method, "onvalidation"):
                callback(form)

        try:
            accepted = form.process(
                onvalidation=onvalidation,
                message_onsuccess="",
                message_onfailure=nothing_saved(T),
                keepvalues=True,
            ).accepted
        except SyntaxError as error:
            # This is how web2py reports that the form was sent for another record.
            raise refusal(400, T("The form does not belong to this record. Open it again.")) from error
        if accepted:
            stored = Storage(vars=Storage(form.vars, id=int(form.vars.id)), errors=Storage())
            for callback in self._callbacks(method, "onaccept"):
                callback(stored)
            current.session.flash = T("Saved")
            redirect(after or self.url(stored.vars.id))
        return {
            "view": "rest/form.html",
            "title": (T("Edit %s") % self.record_label(record)) if record else T("Add"),
            "kind": self.title,
            "form": form,
            "back": back,
        }

    def _settle(self, concurrent: ConcurrentEdit, form: Any, back: str) -> None:
        """Let what others changed meanwhile stand, and ask where they changed the same field."""
        merged = concurrent.settle(form, self._question)
        if merged is None:
            raise refusal(404, self.T("There is no such record, or it was deleted."))
        uploads = [name for name in self.table.fields if self.table[name].type == "upload"]
        if not merged.changed and not any(
            form.vars.get(name) or current.request.post_vars.get(f"{name}__delete") for name in uploads
        ):
            current.session.flash = self.T("Nothing was changed")
            redirect(back)

    def _question(self, name: str, now: Any) -> Any:
        """Return what a field says that somebody else changed while the form was open."""
        T, field = self.T, self.table[name]
        return choice(
            name,
            CAT(
                T("This was changed while you were editing. It is now:"),
                " ",
                SPAN(self.shown(field, now[name]), _class="now", _dir="auto"),
                " (",
                self.shown(self.table.modified_by, now.modified_by),
                ", ",
                moment(now.modified_on),
                ")",
            ),
        )

    def _callbacks(self, method: str, name: str) -> list[Any]:
        """Return the callbacks of a table: that for this method, else the general one."""
        config = self.s3db.get_config
        chosen = config(self.table, f"{method}_{name}") or config(self.table, name)
        if not chosen:
            return []
        return list(chosen) if isinstance(chosen, (list, tuple)) else [chosen]

    def _choose_widget(self, field: Any) -> None:
        if field.type == "date":
            field.widget = _date_widget
        elif getattr(field.requires, "s3_multiple", False):
            field.widget = checkboxes
        elif field.type == "datetime":
            field.comment = self.T("Year-month-day hour:minute:second, UTC")
        elif field.type == "json":
            field.widget = SQLFORM.widgets.text.widget
        elif isinstance(field.requires, ReferenceTo) and not field.requires.is_short():
            field.widget = SQLFORM.widgets.string.widget
            field.comment = self.T("Number or name of the record")

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

    def find(self, record_id: str) -> Any:
        """Return a live record by its id.

        Raises:
            HTTP: 404 if there is none.
        """
        table = self.table
        if not is_key(record_id):
            raise refusal(404, self.T("A record is named by its number."))
        query = (table.id == int(record_id)) & (table.deleted == False)  # noqa: E712 - SQL
        record = self.s3db.db(query).select(limitby=(0, 1)).first()
        if record is None:
            raise refusal(404, self.T("There is no such record, or it was deleted."))
        return record


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
    if request.extension != "html":
        raise refusal(415, T("Ask for .html or .xml."))
    screens = ResourceScreens(s3db, auth, tablename)
    args = list(request.args)
    if not args:
        return screens.listed(request.get_vars)
    if args == ["create"]:
        return screens.edit(None, "")
    record = screens.find(args[0])
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
    child = part.find(args[2])
    if child[component.fkey] != record[component.pkey]:
        raise refusal(404, T("There is no such record, or it was deleted."))
    if args[3:] == ["update"]:
        return part.edit(child, own_page, fixed)
    if args[3:] == ["delete"]:
        return part.delete(child, own_page)
    redirect(part.url(child.id))
    raise AssertionError("redirect raises")
