"""Layer 6, this site put together: which implementation stands behind which port.
Knows everything below.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Callable
from urllib.parse import urlsplit

from gluon import current

from ..adapters import adapter_type
from ..adapters.base import Adapter, Remote
from ..adapters.lines import Lines
from ..adapters.settings import opened
from ..core.clock import Clock, SystemClock
from ..core.errors import ConfigurationError
from ..core.kept import Kept
from ..core.messages import Sentence
from ..core.policy import Method, Policy, Terms
from ..core.schema import Schema
from ..core.task import Mode
from ..database.accounts import SiteAccounts
from ..database.checkpoints import Checkpoints
from ..database.files import SiteFiles
from ..database.journal import SqlJournal
from ..database.journal_hooks import install
from ..database.kept_versions import SqlKeptVersions
from ..database.pending_references import SqlPendingReferences
from ..database.record_counts import RecordCounts
from ..database.store import open_store
from ..exchange.exporter import Exporter, ExportPage, ExportRequest
from ..exchange.importer import Context, Importer, unknown
from ..exchange.importer.dry_run import DryRun
from ..exchange.peer import Capability, Exchange
from ..exchange.ports import Ports, nowhere
from ..exchange.run.ports import Task
from ..exchange.versions import name_in
from ..host.port import Host
from ..host.schema import build_schema
from ..transport.limits import InteractiveLimits, Limits
from ..wire.filters import Filter, parse_filter_string, validate
from ..wire.s3xml import DocumentLimits
from .vault import Vault

__all__ = ["Site", "datasets", "exchange_state", "labels", "rejected", "uploaded", "vault"]

JOURNAL_FILE = "journal.json"
TALLY_FILE = "tally.json"
SPOOL = "spool"


class Site:
    """A site in a request or a job.

    Args:
        db: the DAL with the sync_* tables.
        host: the application around us.
        folder: the application's folder.
        application: its name, the first part of its URLs.
        origin: scheme and host of this request, for a site without a configured public address.
        clock: the site's clock.
    """

    def __init__(
        self,
        db: Any,
        host: Host,
        folder: Path,
        application: str,
        origin: str = "",
        clock: Clock | None = None,
    ) -> None:
        self.db = db
        self.host = host
        self.folder = Path(folder)
        self.application = application
        self.clock: Clock = clock if clock is not None else SystemClock()
        self._origin = origin
        self.store = open_store(db, lambda: self.schema)
        self.journal = SqlJournal(
            db, lambda: self.schema, path=self.folder / "private" / JOURNAL_FILE, clock=self.clock
        )

    @classmethod
    def from_current(cls) -> "Site":
        """Return the site of the running request or job, as models/sync.py put it together.

        Raises:
            ConfigurationError: the module is not enabled.
        """
        site = getattr(current, "sync_site", None)
        if site is None:
            raise ConfigurationError(
                "Synchronisation is not enabled at this site.",
                hint="Add the module sync to deployment_settings.modules in models/000_config.py.",
            )
        found: Site = site
        return found

    def install(self) -> None:
        """Have local changes journaled, as soon as their tables are used."""
        install(self.journal, self.host.on_define)

    # --- what stands behind the ports ------------------------------------------------------------------

    @property
    def schema(self) -> Schema:
        """The tables that take part."""
        return build_schema(self.db, self.host)

    @cached_property
    def base_url(self) -> str:
        """The URL of this application, without a slash at its end."""
        public = self.host.settings.get_base_public_url() or self._origin
        return f"{public}/{self.application}"

    @cached_property
    def own_domain(self) -> str | None:
        """What an Eden sees before our bare identifiers; the same in requests and jobs, so only the public address.

        Identifiers made here are URNs and carry none; bare ones come from imports.
        """
        public = self.host.settings.get_base_public_url()
        return urlsplit(public).netloc or None if public else None

    @cached_property
    def kept_versions(self) -> SqlKeptVersions:
        """What was put aside."""
        return SqlKeptVersions(self.db, lambda: self.schema, self.clock, self.name_of)

    @cached_property
    def pending_references(self) -> SqlPendingReferences:
        """References and files that are still to come."""
        return SqlPendingReferences(self.db, lambda: self.schema, self.clock)

    @cached_property
    def accounts(self) -> SiteAccounts:
        """Users and roles."""
        return SiteAccounts(self.db)

    @cached_property
    def files(self) -> SiteFiles:
        """Uploaded files."""
        return SiteFiles(self.db, f"{self.base_url}/default/download")

    @cached_property
    def checkpoints(self) -> Checkpoints:
        """How far each exchange has come."""
        return Checkpoints(self.db, self.clock)

    @cached_property
    def ports(self) -> Ports:
        """What the use cases of this site stand on."""
        return Ports(
            self.schema,
            self.store,
            self.journal,
            self.pending_references,
            self.kept_versions,
            self.accounts,
            self.files,
            self.clock,
        )

    @cached_property
    def exporter(self) -> Exporter:
        """Writes documents."""
        return Exporter(self.ports, self.base_url, self.host.settings.get_sync_max_depth(), self.own_domain)

    @cached_property
    def importer(self) -> Importer:
        """Reads documents."""
        return Importer(self.ports, self.exporter.snapshot, self.host.settings.get_sync_batch_size())

    @cached_property
    def rehearsal(self) -> DryRun:
        """Reads documents and says what it would do with them."""
        return DryRun(self.ports, self.exporter.snapshot)

    @cached_property
    def tally(self) -> RecordCounts:
        """How many records there are."""
        return RecordCounts(self.store, self.clock, self.folder / "private" / TALLY_FILE)

    @cached_property
    def vault(self) -> Vault:
        """Passwords of other sites."""
        return Vault(self.folder / "private")

    @cached_property
    def spool(self) -> Path:
        """Folder for documents on their way."""
        folder = self.folder / "private" / SPOOL
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def document_limits(self) -> DocumentLimits:
        """What is accepted of a document."""
        return DocumentLimits(max_bytes=self.host.settings.get_sync_max_document_size())

    def name_of(self, kept: Kept) -> str:
        """Return what people call a kept record, "" if neither version has a name."""
        return name_in([kept.theirs, kept.ours], self.host.name_fields(kept.table))

    # --- this site and its repositories ----------------------------------------------------------------

    def config(self) -> Any:
        """Return the row of sync_config, which holds our identifier; made when it is missing."""
        table = self.db.sync_config
        row = self.db(table).select(orderby=table.id, limitby=(0, 1)).first()
        if row is None:
            with self.store.transaction():
                self.db.sync_config.insert()
            row = self.db(table).select(orderby=table.id, limitby=(0, 1)).first()
        return row

    def repository(self, repository_id: int) -> Any:
        """Return a repository.

        Raises:
            ConfigurationError: there is none.
        """
        row = self.db.sync_repository(repository_id)
        if row is None or row.deleted:
            raise ConfigurationError(
                f"There is no repository {repository_id} at this site.",
                hint="It was deleted: remove its job from the schedule.",
            )
        return row

    def repository_of(self, uuid: str | None) -> Any:
        """Return the repository with this uuid, None if there is none."""
        if not uuid or not uuid.isprintable():
            return None
        table = self.db.sync_repository
        return self.db((table.uuid == uuid) & (table.deleted == False)).select().first()  # noqa: E712

    def capabilities(self, row: Any) -> "frozenset[str]":
        """Return what is known about a repository's abilities."""
        known = frozenset(row.capabilities or ())
        return known if self.host.settings.get_sync_compression() else known - {"gzip"}

    def remote(self, row: Any) -> Remote:
        """Return a repository as its adapter sees it.

        Args:
            row: of sync_repository.

        Raises:
            ConfigurationError: this site has no such type, or a secret cannot be opened.
        """
        kind = adapter_type(row.apitype)
        return Remote(
            row.id,
            row.uuid,
            row.name,
            self.config().uuid,
            self.host.settings.get_system_name(),
            opened(row, kind.settings, self.vault),
            self.capabilities(row),
        )

    def peer(self, row: Any, hurry: InteractiveLimits | None = None) -> Adapter:
        """Return a repository's other end; to be closed.

        Args:
            row: of sync_repository.
            hurry: how long the line may take where a person waits for it, None if nobody does.

        Raises:
            ConfigurationError: the repository cannot be asked.
        """
        return self.connect(row.apitype, self.remote(row), hurry)

    def connect(self, apitype: str, remote: Remote, hurry: InteractiveLimits | None = None) -> Adapter:
        """Return the other end of a repository that may be nowhere but in a form; to be closed.

        Args:
            apitype: its type.
            remote: the repository.
            hurry: as for ``peer``.

        Raises:
            ConfigurationError: it cannot be asked.
        """
        kind = adapter_type(apitype)
        missing = kind.missing(remote.settings)
        if missing:
            passive = Capability.PASSIVE in kind.capabilities
            raise ConfigurationError(
                f"The repository {remote.name} has no {missing[0].label}, so this site cannot ask it.",
                hint="Enter it in the configuration of the repository"
                + (", or leave the exchange to the other site." if passive else "."),
            )
        return kind(remote, self.lines(hurry))

    def lines(self, hurry: InteractiveLimits | None = None) -> Lines:
        """Return what an adapter may use.

        Args:
            hurry: as for ``peer``.
        """
        settings = self.host.settings
        verify: bool | str = settings.get_sync_verify_tls()
        if verify:
            verify = settings.get_sync_ca_bundle() or True
        limits = Limits(
            connect_timeout=settings.get_sync_connect_timeout(),
            read_timeout=settings.get_sync_read_timeout(),
            document_size=settings.get_sync_max_document_size(),
            file_size=settings.get_sync_max_upload_size(),
        )
        return Lines(
            spool=self.spool,
            limits=hurry.shorten(limits) if hurry else limits,
            verify=verify,
            proxy=self.config().proxy,
            folder_roots=settings.get_sync_folder_roots(),
            clock=self.clock,
        )

    def task_rows(self, repository_id: int) -> list[Any]:
        """Return the rows of a repository's tasks in their order."""
        table = self.db.sync_task
        query = (table.repository_id == repository_id) & (table.deleted == False)  # noqa: E712
        return list(self.db(query).select(orderby=table.id))

    def tasks(self, repository_id: int) -> list[Task]:
        """Return what is exchanged with a repository.

        Raises:
            ConfigurationError: nothing is.
        """
        tasks = [
            self.task(row) for row in self.task_rows(repository_id) if Mode.read(row.mode) is not Mode.NONE
        ]
        if not tasks:
            raise ConfigurationError(Sentence.NO_RESOURCES.say(), hint=Sentence.ADD_RESOURCES.say())
        return tasks

    def task(self, row: Any) -> Task:
        """Return a task from its row."""
        exchange = Exchange(
            row.resource_name,
            components=row.components is not False,
            filters=tuple(self.task_filters(row.id, row.resource_name)),
            strategy=Method.read(row.strategy),
            update_policy=Policy.read(row.update_policy),
            conflict_policy=Policy.read(row.conflict_policy),
        )
        mode = Mode.read(row.mode)
        return Task(row.id, exchange, mode.pulls, mode.pushes)

    def task_filters(self, task_id: int, resource: str) -> list[Filter]:
        """Return the filters of a task.

        Raises:
            FilterError: one of them cannot be read.
        """
        table = self.db.sync_resource_filter
        query = (table.task_id == task_id) & (table.deleted == False)  # noqa: E712
        found: list[Filter] = []
        for row in self.db(query).select(orderby=table.id):
            of = None if row.tablename in ("~", "", resource) else row.tablename
            found += parse_filter_string(row.filter_string, of)
        return found

    def by_table(self, filters: Sequence[Filter], resource: str) -> dict[str, list[Filter]]:
        """Return filters by the table they filter, checked.

        Raises:
            FilterError: a filter names what does not exist here.
        """
        table = self.schema.table(resource)
        sorted_out: dict[str, list[Filter]] = {}
        for each in filters:
            validate(each, self.schema, table)
            sorted_out.setdefault(each.table or resource, []).append(each)
        return sorted_out

    def terms(self, exchange: Exchange, repository: Any) -> Terms:
        """Return the rules under which records of a task are imported here."""
        return Terms(
            frozenset(exchange.strategy),
            exchange.update_policy,
            exchange.conflict_policy,
            bool(repository.synchronise_uuids),
            exchange.components,
        )

    def context(
        self,
        repository_id: int | None,
        exchanged: int | None,
        delivered: Callable[[str], int] = nowhere,
        *,
        clears: bool = True,
        known: Callable[[str], datetime | None] = unknown,
    ) -> Context:
        """Return where a document comes from, for the importer.

        Args:
            repository_id, exchanged, delivered, clears, known: as in ``importer.Context``.
        """
        return Context(
            repository_id=repository_id,
            exchanged=exchanged,
            delivered=delivered,
            clears=clears,
            known=known,
            own_domain=self.own_domain,
            user_id=self.host.user_id,
            max_ahead=timedelta(seconds=self.host.settings.get_sync_future_tolerance()),
        )

    def total(self, request: ExportRequest, page: ExportPage) -> int:
        """Return how many main records there are from a position of the journal on, those of its page included.

        Args:
            request: as the page was exported.
            page: the page.
        """
        if not page.more:
            return page.count
        behind: int = self.store.count_changes(
            self.schema.table(request.table),
            after=page.position,
            until=self.journal.head() if request.until is None else request.until,
            skip_origin=request.skip_origin,
            filters=request.filters.get(request.table, ()),
        )
        return page.count + behind

    # --- jobs --------------------------------------------------------------------------------------------

    @property
    def can_reconnect(self) -> bool:
        """Whether a second connection sees the same database."""
        return ":memory" not in str(self.db._uri).partition("://")[0]

    def note_contact(
        self, repository_id: int, skew: float | None, status: str = "", *, reached: bool = False
    ) -> None:
        """Remember how asking a repository went.

        Args:
            repository_id: the repository.
            skew: seconds by which its clock is ahead; None if it did not answer, or did not tell the time.
            status: what is shown as its last status, "" for nothing.
            reached: whether it was reached all the same; not every type tells the time.
        """
        changes: dict[str, Any] = {"last_status": status or None}
        if reached or skew is not None:
            changes["last_connected"] = self.clock.now()
        if skew is not None:
            known = self.db.sync_repository(repository_id).settings or {}
            changes["settings"] = {**known, "skew": skew}
        with self.store.transaction():
            self.db(self.db.sync_repository.id == repository_id).update(**changes)
