"""Import of a table, step by step: upload, match the columns, look what would happen, import.

Addresses below that of the list: ``import``, and for an uploaded table ``import/<token>`` (columns),
``import/<token>/preview``, ``import/<token>/run`` and ``import/<token>/refused.csv``.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from gluon import FORM, INPUT, URL, current, redirect

from s3sync.transport.stylesheets import Stylesheets
from s3sync.ui.refusals import refusal
from s3sync.ui.sent_forms import process
from s3sync.wire.alerts.incident import TABLE as INCIDENT
from s3sync.wire.tables.cells import TableError
from s3sync.wire.tables.feature_table import GEOMETRY, IDENTIFIER
from s3sync.wire.tables.matching import matched

from ..pages.presentation import Presentation
from .export import FORMATS as TABLES
from .export import called, formats_of
from .places import place_field
from .rows_in import Refused, Row
from .stored import HOME, REFUSED, State, StoredTable, importer_of

#: Further ends of names of files that are offered for choice: features, and alerts.
MORE = ("json", "xml", "cap")
#: Seconds of a look ahead, and of a step of the import: a web process has other requests, too.
LOOK, STEP = 8.0, 2.0
#: Refused rows that are shown.
SHOWN = 20


class ImportPages(Presentation):
    """The pages of the import into one table."""

    def serve(self, args: list[str], request: Any, response: Any) -> dict[str, Any]:
        """Answer a request for a page of the import; return the variables of its view.

        Args:
            args: what follows the address of the list, "import" left out.
            request, response: web2py's.

        Raises:
            HTTP: 403, 404 and redirections.
        """
        for method in ("create", "update"):
            if not self.auth.s3_has_permission(method, self.table):
                raise refusal(403, self.T("Your roles do not allow it. Ask an administrator for access."))
        if getattr(current, "sync_site", None) is None:
            raise refusal(404, self.T("The module it belongs to is not enabled at this site."))
        self.user = int(self.auth.user_id or 0)
        self.home = Path(request.folder) / HOME
        if not args:
            return self._upload(request)
        stored = StoredTable.find(self.home, args[0], self.user, str(self.table))
        if stored is None:
            raise refusal(404, self.T("This table was imported long ago, or somebody else has uploaded it."))
        page = {(): self._match, ("preview",): self._preview, ("run",): self._run}.get(tuple(args[1:]))
        if args[1:] == ["refused"] and stored.state.refused:
            response.headers["Content-Type"] = "text/csv; charset=utf-8"
            response.headers["Content-Disposition"] = 'attachment; filename="refused.csv"'
            return response.stream(str(stored.folder / REFUSED), request=request)  # type: ignore[no-any-return]
        if page is None:
            raise refusal(404, self.T("There is no such page."))
        return page(stored, request)

    def _frame(self, view: str, **more: Any) -> dict[str, Any]:
        return {
            "view": f"rest/{view}.html",
            "title": self.T("Import %s") % self.title,
            "kind": self.title,
            "back": self.url(),
            **more,
        }

    # --- the steps --------------------------------------------------------------------------------------------

    def _upload(self, request: Any) -> dict[str, Any]:
        T = self.T
        form = FORM(INPUT(_type="submit", _value=T("Upload"), _class="btn btn-primary"), _name="upload")
        problem = None
        if process(form, T, formname="upload", message_onsuccess=None):
            sent = request.post_vars.file
            if getattr(sent, "file", None) is None:
                problem = T("Choose a file first.")
            else:
                try:
                    state = State(self.user, str(self.table), str(sent.filename)[:200], [])
                    stored = StoredTable.keep(self.home, sent.file, state)
                except TableError as error:
                    problem = T("The file cannot be read as a table: %s.") % error
                else:
                    redirect(self.url("import", stored.token))
        return self._frame(
            "import_upload",
            form=form,
            problem=problem,
            sample=URL(self.prefix, f"{self.name}.csv"),
            fields=self._names(),
            has_place=place_field(self.s3db, self.table) is not None,
            takes_alerts=str(self.table) == INCIDENT,
            formats=", ".join(called(each) for each in TABLES),
            own_formats=[
                each.name for each in Stylesheets.beside(self.home.parent / "spool").all() if each.reads
            ],
            accepted=",".join(f".{each}" for each in (*formats_of(self), *MORE)),
        )

    def _match(self, stored: StoredTable, request: Any) -> dict[str, Any]:
        T, state = self.T, stored.state
        if state.agreed:
            redirect(self.url("import", stored.token, "run"))
        names = self._names()
        chosen = state.columns or matched(state.headings, {name: self._called(name) for name in names})
        form = FORM(
            INPUT(_type="submit", _value=T("Look what would happen"), _class="btn btn-primary"), _name="match"
        )
        problem = None
        if process(form, T, formname="match", message_onsuccess=None):
            sent = request.post_vars
            chosen = [sent[f"column{place}"] or None for place in range(len(state.headings))]
            chosen = [name if name in names else None for name in chosen]
            twice = {name for name in chosen if name and chosen.count(name) > 1}
            if twice:
                problem = T("Chosen twice: %s") % ", ".join(str(names[each]) for each in sorted(twice))
            elif not any(name and name != IDENTIFIER for name in chosen):
                problem = T("Choose at least one column.")
            else:
                state.columns, state.clears = chosen, bool(sent.clears)
                stored.save()
                redirect(self.url("import", stored.token, "preview"))
        examples = [row.cells for row, _ in _first(stored, 3)]
        return self._frame(
            "import_match",
            form=form,
            problem=problem,
            state=state,
            chosen=chosen,
            names=names,
            examples=examples,
        )

    def _preview(self, stored: StoredTable, request: Any) -> dict[str, Any]:
        T, state = self.T, stored.state
        if state.columns is None:
            redirect(self.url("import", stored.token))
        if state.agreed:
            redirect(self.url("import", stored.token, "run"))
        form = FORM(INPUT(_type="submit", _value=T("Import"), _class="btn btn-primary"), _name="begin")
        if process(form, T, formname="begin", message_onsuccess=None):
            state.agreed = True
            stored.save()
            redirect(self.url("import", stored.token, "run"))
        counts, refused, looked = self._looked(stored)
        return self._frame(
            "import_preview",
            form=form,
            state=state,
            counts=counts,
            refused=refused[:SHOWN],
            refused_count=len(refused),
            looked=looked,
            match=self.url("import", stored.token),
        )

    def _looked(self, stored: StoredTable) -> tuple[dict[str, int], list[Refused], int]:
        """Return what would become of the rows, as many as the time allows."""
        importer = importer_of(self.s3db, current.sync_site, stored.state)
        counts: dict[str, int] = {}
        refused: list[Refused] = []
        until, looked = time.monotonic() + LOOK, 0
        for batch, _ in stored.batches():
            taken = importer.look(batch)
            looked += len(batch)
            refused += taken.refused
            for name, count in taken.counts.items():
                counts[name] = counts.get(name, 0) + count
            if time.monotonic() > until:
                break
        return counts, refused, looked

    def _run(self, stored: StoredTable, request: Any) -> dict[str, Any]:
        T = self.T
        if not stored.state.agreed:
            redirect(self.url("import", stored.token, "preview"))
        go_on = INPUT(_type="submit", _value=T("Go on"), _class="btn btn-primary")
        form = FORM(go_on, _name="run", _id="go-on", **{"_data-go-on": "1"})
        if process(form, T, formname="run", message_onsuccess=None):
            stored.go_on(importer_of(self.s3db, current.sync_site, stored.state), STEP)
            if stored.state.is_finished:
                redirect(self.url("import", stored.token, "run"))
        return self._frame(
            "import_run",
            form=form,
            state=stored.state,
            refused=self.url("import", stored.token, "refused.csv"),
            again=self.url("import"),
        )

    # --- fields ------------------------------------------------------------------------------------------------

    def _names(self) -> dict[str, Any]:
        """Return the fields that a table can have, with their labels: those of the list first."""
        shown = [column.field.name for column in self.columns()]
        fields = [each for each in self.table if self.is_data(self.table, each) and self._is_possible(each)]
        fields.sort(key=lambda each: shown.index(each.name) if each.name in shown else len(shown))
        names = {each.name: each.label for each in fields}
        if place_field(self.s3db, self.table) is not None:
            names[GEOMETRY] = self.T("Geometry (GeoJSON or WKT)")
        return {**names, IDENTIFIER: self.T("Identifier")}

    def _is_possible(self, field: Any) -> bool:
        kind = str(field.type)
        if not field.writable or kind in ("upload", "blob", "json", "jsonb") or kind.startswith("list:"):
            return False
        target = kind.partition(" ")[2] if kind.startswith("reference") else ""
        return not (target and self.s3db.get_super_key(target))

    def _called(self, name: str) -> list[str]:
        """Return what people call a field: in their language, and in English."""
        own = {IDENTIFIER: self.T("Identifier"), GEOMETRY: self.T("Geometry")}
        label = own[name] if name in own else self.table[name].label
        return [str(label), str(getattr(label, "m", label))]


def _first(stored: StoredTable, count: int) -> list[tuple[Row, int]]:
    return [each for each, _ in zip(stored.rows(), range(count))]
