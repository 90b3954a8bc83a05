"""Whole sites without a web server: the data model, the store and the use cases over a real database."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Callable

from s3sync import model
from s3sync.document import Document
from s3sync.exporter import Exporter, ExportPage, ExportRequest
from s3sync.host.schema import build_schema
from s3sync.importer import Context, Importer, Report
from s3sync.journal import SqlJournal, install
from s3sync.policy import Terms
from s3sync.records import Action
from s3sync.store import open_store
from tests.support.eden import open_environment
from tests.support.memory import MemoryAccounts, MemoryFiles, MemoryLedger

NOW = datetime(2026, 3, 1, 12)


class FixedClock:
    """A ports.Clock that a test sets."""

    def __init__(self, moment: datetime = NOW) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def step(self, seconds: int = 60) -> datetime:
        self.moment += timedelta(seconds=seconds)
        return self.moment


class Site:
    """A site with its own database.

    Args:
        folder: where it writes.
        uri: pydal connection string.
        clock: its clock.
        users: e-mail -> id of accounts that exist.
        families: resource families of the data model, None for all.
        configure: changes the data model before it is used.
    """

    def __init__(
        self,
        folder: Path,
        uri: str = "sqlite:memory",
        clock: FixedClock | None = None,
        users: dict[str, int] | None = None,
        families: tuple[str, ...] | None = None,
        configure: Callable[[Any], None] | None = None,
    ) -> None:
        self.clock = clock or FixedClock()
        options = {} if families is None else {"families": families}
        env = open_environment(str(folder), uri, now=self.clock.now, **options)
        self.db, self.s3db = env["db"], env["s3db"]
        if configure is not None:
            configure(self.s3db)
        model.define(self.db, self.s3db, env["settings"], str)
        self.schema = build_schema(self.db, self.s3db, env["settings"])
        model.prepare(self.db, self.schema)
        self.store = open_store(self.db, lambda: self.schema)
        self.journal = SqlJournal(self.db, lambda: self.schema, clock=self.clock)
        install(self.journal, self.s3db.on_define)
        self.ledger = MemoryLedger()
        self.accounts = MemoryAccounts(users)
        self.files = MemoryFiles()
        self.exporter = Exporter(
            self.schema,
            self.store,
            self.journal,
            self.ledger,
            self.accounts,
            self.files,
            "http://127.0.0.1/eden",
        )
        self.importer = Importer(
            self.schema,
            self.store,
            self.journal,
            self.ledger,
            self.accounts,
            self.files,
            self.clock,
            self.exporter.snapshot,
        )
        for email, key in (users or {}).items():
            self.s3db["auth_user"].insert(id=key, email=email)
        self.db.commit()

    def export(self, table: str, **request: Any) -> tuple[bytes, ExportPage]:
        """Return the document of a table's changes, and what was written."""
        request.setdefault("paged", True)
        out = io.BytesIO()
        page = self.exporter.export(out, ExportRequest(table, **request))
        return out.getvalue(), page

    def take(self, text: "bytes | str", table: str, terms: Terms = Terms(), **context: Any) -> Report:
        """Import a document in one transaction."""
        context.setdefault("repository_id", 1)
        content = text.encode("utf-8") if isinstance(text, str) else text
        with Document(io.BytesIO(content), self.schema, table) as document, self.store.transaction():
            return self.importer.import_page(document, terms, Context(**context))

    def push(self, text: str, table: str, terms: Terms = Terms(), **context: Any) -> Report:
        """Import records that are given without the root element."""
        return self.take(f"<s3xml>{text}</s3xml>", table, terms, **context)

    def row(self, table: str, uuid: str) -> Any:
        """Return a record by uuid, None where there is none."""
        found = self.s3db[table]
        return self.db(found.uuid == uuid).select().first()

    def rows(self, table: str) -> list[Any]:
        """Return the live records of a table."""
        found = self.s3db[table]
        return list(self.db(found.deleted == False).select(orderby=found.id))  # noqa: E712

    def close(self) -> None:
        self.db.close()


def told(report: Report) -> dict[str, int]:
    """Return the outcomes of a report by name."""
    return {action.value: count for action, count in report.counts.items() if count}


def reasons(report: Report) -> list[str]:
    """Return why records were rejected."""
    return [outcome.reason for _, outcome in report.failures]


def resource(
    table: str,
    uuid: str | None,
    *parts: str,
    modified_on: "datetime | str" = NOW,
    mci: int | None = 1,
    **more: str,
) -> str:
    """Return a <resource> element; ``parts`` are its children."""
    moment = modified_on if isinstance(modified_on, str) else modified_on.isoformat()
    attributes = {"name": table, "modified_on": moment, **more}
    if uuid is not None:
        attributes["uuid"] = uuid
    if mci is not None:
        attributes["mci"] = str(mci)
    written = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    return f"<resource {written}>{''.join(parts)}</resource>"


def data(field: str, text: str) -> str:
    """Return a <data> element with a text node."""
    return f'<data field="{field}">{text}</data>'


def ref(field: str, table: str, uuid: str) -> str:
    """Return a <reference> element."""
    return f'<reference field="{field}" resource="{table}" uuid="{uuid}"/>'


def deleted(table: str, uuid: str, modified_on: datetime = NOW, replaced_by: str | None = None) -> str:
    """Return a deleted <resource>."""
    more = f' replaced_by="{replaced_by}"' if replaced_by else ""
    return f'<resource name="{table}" uuid="{uuid}" deleted="True" modified_on="{modified_on.isoformat()}"{more}/>'


__all__ = ("NOW", "Action", "FixedClock", "Site", "data", "deleted", "reasons", "ref", "resource", "told")
