"""The form of a record: what was typed is saved whole, or shown again with what happened and what to do."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from gluon import CAT, INPUT, SQLFORM, URL, A, current, redirect
from gluon.storage import Storage
from gluon.utils import web2py_uuid

from s3sync.core.errors import SyncError
from s3sync.database.store import open_store
from s3sync.ui.forms import buttons, checkboxes, form_rows, nothing_saved
from s3sync.ui.refusals import refusal
from s3sync.ui.sent_forms import fill_in, show_again

from ..data_model.metafields import META_FIELDS
from ..data_model.validators import ReferenceTo
from .concurrent_edit import ConcurrentEdit, Merged, choice
from .database_problems import Problem, problem, unwritable_files
from .last_change import last_change
from .presentation import Presentation

#: Seconds that a person waits for locks of others.
PATIENCE = 10.0
logger = logging.getLogger("eden")


class _Gone(Exception):
    """The record was deleted while its form was open."""


class RecordForm:
    """The form of a record, or of a new one.

    Args:
        screens: the pages of its table.
        record: the record, None for a new one.
        after: address to go to when it is saved; by default the page of the record.
        fixed: values that are not in the form, such as the master of a component.
    """

    def __init__(
        self, screens: Presentation, record: Any, after: str, fixed: Mapping[str, Any] | None
    ) -> None:
        self.screens, self.record, self.after = screens, record, after
        self.table, self.T = screens.table, screens.T
        self.fixed = dict(fixed or {})
        self.method = "update" if record else "create"
        self.back = after or (screens.url(record.id) if record else screens.url())
        self.name = f"{self.table}/{record.id if record else 'create'}"
        self.problem: Problem | None = None
        self.merged: Merged | None = None
        for name, value in self.fixed.items():
            self.table[name].default = value
            self.table[name].readable = self.table[name].writable = False
        for field in self.table:
            self._choose_widget(field)
        self.names = [
            field.name
            for field in self.table
            if field.writable and field.name not in META_FIELDS and field.type != "id"
        ]

    def page(self) -> dict[str, Any]:
        """Save what was sent, or show the form.

        Returns:
            the variables of the view.

        Raises:
            HTTP: it was saved, or does not belong here.
        """
        sent, keeper = current.request.post_vars, current.form_keeper
        was_sent = sent._formname == self.name
        if self.record and self.record.deleted:
            form = self._gone()
        elif was_sent and current.request.env.request_method == "POST" and keeper.is_ours(sent):
            saved = keeper.saved_as(current.session, sent)
            if saved:
                redirect(saved)
            form = self._save()
        else:
            form = self._blank()
            if was_sent:
                show_again(form, sent, self.T)
        form.formkey = web2py_uuid()
        self._tell(form)
        T, label = self.T, self.screens.record_label
        return {
            "view": "rest/form.html",
            "title": (T("Edit %s") % label(self.record)) if self.record else T("Add"),
            "kind": self.screens.title,
            "form": form,
            "back": self.back,
            "problem": self.problem.text if self.problem else None,
        }

    def _save(self) -> Any:
        """Save what was sent and go on to the next page; return the form if it is not to be saved."""
        store = open_store(self.table._db)
        made: list[Any] = []
        try:
            store.again_after_deadlock(lambda: self._attempt(store, made))
        except _Gone:
            return self._gone()
        except SyncError as error:
            self.problem = problem(error, self.T)
            logger.warning(
                "A form of %s was not saved: %s", self.name, error, exc_info=self.problem.status == 500
            )
            # What was done with the form before is not certain.
            form = self._blank()
            fill_in(form, current.request.post_vars)
            return form
        form = made[-1]
        if form.accepted:
            self._go_on(self.after or self.screens.url(form.vars.id), self._saved())
        return form

    def _attempt(self, store: Any, made: list[Any]) -> None:
        """Try to save what was sent, in a transaction of its own.

        Args:
            store: the store.
            made: gets the form.

        Raises:
            SyncError: the database has not taken it.
        """
        form = self._made()
        made.append(form)
        with store.translating("a form"), unwritable_files(), store.patience(PATIENCE), store.aside():
            form.process(
                session=None,
                formname=self.name,
                onvalidation=self._validate,
                message_onsuccess="",
                message_onfailure=nothing_saved(self.T),
                keepvalues=True,
            )
            if form.accepted:
                stored = Storage(vars=Storage(form.vars, id=int(form.vars.id)), errors=Storage())
                for callback in self._callbacks("onaccept"):
                    callback(stored)

    def _made(self) -> Any:
        for upload in self._uploads():
            # They were read by an attempt before.
            upload.file.seek(0)
        self.concurrent = (
            ConcurrentEdit(
                self.table,
                self.record,
                self.names,
                current.request.post_vars,
                self.screens.s3db.get_config(self.table, "sync_together") or (),
            )
            if self.record
            else None
        )
        T = self.T
        return SQLFORM(
            self.table,
            self.record,
            fields=self.names,
            hidden=self.concurrent.hidden if self.concurrent else {},
            showid=False,
            deletable=False,
            upload=URL("default", "download"),
            formstyle=form_rows,
            separator="",
            buttons=buttons(T("Save"), T("Cancel"), self.back),
            _class="record-form",
        )

    def _gone(self) -> Any:
        """Return the form with what was typed into it for a record that was deleted meanwhile."""
        T = self.T
        said = T(
            "This record was deleted while you were editing it. Nothing was saved; what you typed is still here. "
            "Restore the record from the bin, in another tab, then save again."
        )
        link = A(T("Bin"), _href=URL("sync", "bin", vars={"q": self.screens.record_label(self.record)}))
        has_bin = getattr(current, "sync_site", None) is not None
        self.problem = Problem(409, CAT(said, " ", link) if has_bin else said)
        form = self._blank()
        fill_in(form, current.request.post_vars)
        return form

    def _blank(self) -> Any:
        form = self._made()
        form.formname = self.name
        return form

    def _uploads(self) -> list[Any]:
        """Return the files that were sent."""
        sent = (
            current.request.post_vars.get(name) for name in self.names if self.table[name].type == "upload"
        )
        return [each for each in sent if getattr(each, "filename", None)]

    def _validate(self, form: Any) -> None:
        if self.record:
            if str(current.request.post_vars.id) != str(self.record.id):
                raise refusal(400, self.T("The form does not belong to this record. Open it again."))
            form.vars.id = self.record.id
        if self.concurrent:
            self._settle(self.concurrent, form)
            if form.errors:
                return
        for name, value in self.fixed.items():
            form.vars[name] = value
        for callback in self._callbacks("onvalidation"):
            callback(form)

    def _settle(self, concurrent: ConcurrentEdit, form: Any) -> None:
        """Let what others changed meanwhile stand, and ask where they changed the same field."""
        replaced = [name for name in concurrent.files if self._replaces_file(name)]
        self.merged = concurrent.settle(form, self._question, replaced, self._question_of_file)
        if self.merged is None:
            raise _Gone
        if not self.merged.changed and not replaced:
            self._go_on(self.back, self.T("Nothing was changed"))

    def _replaces_file(self, name: str) -> bool:
        """Return whether a file was chosen for a field, or is to be removed."""
        sent = current.request.post_vars
        return bool(getattr(sent.get(name), "filename", None) or sent.get(f"{name}__delete"))

    def _question_of_file(self, name: str, now: Any) -> Any:
        """Return what is said at a file that somebody else changed while the form was open."""
        T = self.T
        return CAT(
            T("This was changed while you were editing:"),
            " ",
            last_change(self.screens, now, name),
            " ",
            T("Choose the file again to put it in the place of that one, or save without it."),
        )

    def _go_on(self, address: str, said: Any) -> None:
        """Leave the form, which is done with."""
        keeper = current.form_keeper
        keeper.settled()
        keeper.saved(current.session, current.request.post_vars, address)
        current.session.flash = said
        redirect(address)

    def _saved(self) -> Any:
        """Return what the next page says: that it was saved, and what others changed meanwhile."""
        others = self.merged.meanwhile if self.merged else ()
        if not others:
            return self.T("Saved")
        labels = ", ".join(str(self.table[name].label) for name in others)
        return self.T("Saved. What others changed meanwhile stands: %s") % labels

    def _tell(self, form: Any) -> None:
        """Answer with the status of what happened, and say which part of it a browser does not send again."""
        response = current.response
        if self.problem is not None:
            response.status = self.problem.status
            if self.problem.retry_after is not None:
                response.headers["Retry-After"] = str(self.problem.retry_after)
            response.flash = None
        elif self.merged is not None and (self.merged.disputed or self._asks_about_files(form)):
            response.status = 409
        elif form.errors:
            response.status = 422
        if response.status != 200 and self._uploads():
            again = self.T("Choose the file again: a browser sends it only once.")
            response.flash = CAT(response.flash, " ", again) if response.flash else again

    def _asks_about_files(self, form: Any) -> bool:
        return any(self._replaces_file(name) and name in form.errors for name in self.names)

    def _question(self, names: Sequence[str], typed: Any, now: Any) -> Any:
        """Return what is said at fields that somebody else changed while the form was open."""
        T, table, shown = self.T, self.table, self.screens.shown
        said = CAT(
            T("This was changed while you were editing:"), " ", last_change(self.screens, now, names[0])
        )
        values = [
            (table[name].label, shown(table[name], typed[name]), shown(table[name], now[name]))
            for name in names
        ]
        return choice(names[0], said, values)

    def _callbacks(self, name: str) -> list[Any]:
        """Return the callbacks of the table: that for this method, else the general one."""
        config = self.screens.s3db.get_config
        chosen = config(self.table, f"{self.method}_{name}") or config(self.table, name)
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


def _date_widget(field: Any, value: Any, **attributes: Any) -> INPUT:
    return SQLFORM.widgets.string.widget(field, value, _type="date", **attributes)
