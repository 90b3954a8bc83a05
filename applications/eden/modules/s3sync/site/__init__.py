"""Layer 6, this site: which implementation belongs to which port.
Knows all lower layers.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, Callable
from urllib.parse import urlsplit

from gluon import current

from ..adapters import adapter_type
from ..adapters.base import Adapter, Remote
from ..adapters.lines import Lines
from ..core.atomic_write import remove_left_behind
from ..core.clock import Clock, SystemClock
from ..core.errors import ConfigurationError, NotRegistered
from ..core.kept import Kept
from ..core.schema import Schema
from ..core.task import Transmission
from ..database.accounts import SiteAccounts
from ..database.changes import SqlChanges
from ..database.checkpoints import Checkpoints
from ..database.deletions import SqlDeletions
from ..database.files import SiteFiles
from ..database.journal import SqlJournal
from ..database.journal_hooks import install
from ..database.kept_versions import SqlKeptVersions
from ..database.log import SyncLog
from ..database.pending_references import SqlPendingReferences
from ..database.record_counts import RecordCounts
from ..database.store import open_store
from ..database.twins import SqlTwins
from ..exchange.exporter import Exporter, ExportPage, ExportRequest
from ..exchange.importer import Context, Importer, unknown
from ..exchange.importer.dry_run import DryRun
from ..exchange.peer import Capability
from ..exchange.ports import Ports, nowhere
from ..exchange.versions import name_in
from ..host.port import Host
from ..host.schema import build_schema
from ..transport.limits import InteractiveLimits, Limits
from ..wire.filters import Filter, validate
from ..wire.part_store import Parts
from ..wire.s3xml import DocumentLimits
from ..wire.s3xml.document import Document
from . import repositories as repositories
from . import times as times
from .record_names import names_of
from .repositories import Repository
from .vault import Vault

__all__ = [
    "Repository",
    "Site",
    "awaited",
    "datasets",
    "decided_elsewhere",
    "exchange_state",
    "labels",
    "left_records",
    "names_of_sites",
    "own_deletions",
    "received_there",
    "record_names",
    "refused_there",
    "rejected",
    "repositories",
    "scoping",
    "standing",
    "tasks",
    "times",
    "uploaded",
    "vault",
    "waiting_deletions",
    "wanted",
]

JOURNAL_FILE, TALLY_FILE, SPOOL = "journal.json", "tally.json", "spool"


class Site:
    """A site in a request or a job.

    Args:
        db: the DAL with the sync_* tables.
        host: the host application.
        folder: the application's folder.
        application: its name, the first part of its URLs.
        origin: scheme and host of this request, for a site without a configured public address.
        clock: the site's clock.
        noted: the schema of what the journal notes, where this request needs no other; None for the whole one.
    """

    def __init__(
        self,
        db: Any,
        host: Host,
        folder: Path,
        application: str,
        origin: str = "",
        clock: Clock | None = None,
        noted: Schema | None = None,
    ) -> None:
        self.db = db
        self.host = host
        self.folder = Path(folder)
        self.application = application
        self.clock: Clock = clock if clock is not None else SystemClock()
        self._origin = origin
        self._noted = noted
        self.store = open_store(db, lambda: self.schema)
        self.journal = SqlJournal(db, lambda: self.schema, self.clock, self.folder / "private" / JOURNAL_FILE)

    @classmethod
    def from_current(cls) -> "Site":
        """Return the site of the current request or job, made by models/sync.py.

        Raises:
            ConfigurationError: the module is not enabled.
        """
        site: Site | None = getattr(current, "sync_site", None)
        if site is None:
            raise ConfigurationError(
                "Synchronisation is not enabled at this site.",
                hint="Add the module sync to deployment_settings.modules in models/000_config.py.",
            )
        return site

    def install(self) -> None:
        """Journal local changes, as soon as their tables are used."""
        install(self.journal, self.host.on_define, self.is_possible, self._noted)

    def is_possible(self, moment: datetime) -> bool:
        """Return whether a time (UTC) can be that of a record, see ``times``."""
        return times.possible_times(self)(moment)

    # --- the ports -------------------------------------------------------------------------------------

    @property
    def schema(self) -> Schema:
        """The synchronised tables."""
        return build_schema(self.db, self.host) if self._noted is None else self._noted

    @cached_property
    def base_url(self) -> str:
        """The URL of this application, without a slash at its end."""
        public = self.host.settings.get_base_public_url() or self._origin
        return f"{public}/{self.application}"

    @cached_property
    def own_domain(self) -> str | None:
        """The domain before our bare identifiers for an Eden: the public address, the same in requests and jobs.

        Identifiers made here are URNs without a domain; bare ones come from imports.
        """
        public = self.host.settings.get_base_public_url()
        return urlsplit(public).netloc or None if public else None

    @cached_property
    def kept_versions(self) -> SqlKeptVersions:
        """Kept versions."""
        return SqlKeptVersions(self.db, lambda: self.schema, self.clock, self.name_of)

    @cached_property
    def pending_references(self) -> SqlPendingReferences:
        """Pending references and files."""
        return SqlPendingReferences(self.db, lambda: self.schema, self.clock)

    @cached_property
    def twins(self) -> SqlTwins:
        """The further uuids of records."""
        return SqlTwins(self.db, lambda: self.schema)

    @cached_property
    def changes(self) -> SqlChanges:
        """Which fields of records were changed."""
        return self.journal.changes

    @cached_property
    def deletions(self) -> SqlDeletions:
        """What is known of deletions."""
        return SqlDeletions(self.db, lambda: self.schema, self.clock, self.names_of)

    @cached_property
    def accounts(self) -> SiteAccounts:
        """Users and roles."""
        return SiteAccounts(self.db)

    @cached_property
    def files(self) -> SiteFiles:
        """Uploaded files."""
        return SiteFiles(self.host.table, self.base_url, self.vault.key_for, self.clock)

    @cached_property
    def checkpoints(self) -> Checkpoints:
        """How far each exchange has come."""
        return Checkpoints(self.db, self.clock)

    @cached_property
    def ports(self) -> Ports:
        """The ports of this site."""
        return Ports(
            self.schema,
            self.store,
            self.journal,
            self.pending_references,
            self.kept_versions,
            self.twins,
            self.changes,
            self.deletions,
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
    def dry_run(self) -> DryRun:
        """Dry-runs imports of documents."""
        return DryRun(self.ports, self.exporter.snapshot)

    @cached_property
    def record_counts(self) -> RecordCounts:
        """The numbers of records."""
        return RecordCounts(self.store, self.clock, self.folder / "private" / TALLY_FILE)

    @cached_property
    def vault(self) -> Vault:
        """Passwords of other sites."""
        return Vault(self.folder / "private")

    @cached_property
    def spool(self) -> Path:
        """The spool folder, for documents in transit."""
        folder = self.folder / "private" / SPOOL
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @cached_property
    def parts(self) -> Parts:
        """Parts of what broke off on the line."""
        return Parts.of_site(self.folder / "private", self.clock)

    def remove_left_behind(self, everywhere: bool = False) -> int:
        """Remove temporary files of processes that were killed, and parts that are too old; return how many.

        Args:
            everywhere: also beside uploaded and private files, not only in the spool folder.
        """
        beside = ("uploads", "private") if everywhere else ()
        lying = [self.spool.iterdir(), *((self.folder / name).rglob(".*.part") for name in beside)]
        removed = [remove_left_behind(each, self.clock.now()) for each in lying]
        return sum(removed + [store.expire() for store in self.parts])

    def document(self, source: BinaryIO, table: str) -> Document:
        """Return a document to be read.

        Args:
            source: a seekable binary file at its beginning.
            table: name of the main table.
        """
        return Document(source, self.schema, table, self.document_limits)

    @property
    def document_limits(self) -> DocumentLimits:
        """The limits for a document."""
        return DocumentLimits(max_bytes=self.host.settings.get_sync_max_document_size())

    def name_of(self, kept: Kept) -> str:
        """Return the name of a kept record, "" if neither version has one."""
        return name_in([kept.theirs, kept.ours], self.host.name_fields(kept.table))

    def names_of(self, table: str, keys: Collection[int]) -> dict[int, str]:
        """Return key -> name of records, see ``record_names``."""
        return names_of(self, table, keys)

    # --- this site and its repositories ----------------------------------------------------------------

    def config(self) -> Any:
        """Return the row of sync_config, with our identifier; it is created if missing."""
        table = self.db.sync_config
        row = self.db(table).select(orderby=table.id, limitby=(0, 1)).first()
        if row is None:
            with self.store.transaction():
                self.db.sync_config.insert()
            row = self.db(table).select(orderby=table.id, limitby=(0, 1)).first()
        return row

    def repository(self, key: int | str | None) -> Repository:
        """Return a repository.

        Args:
            key: its key here, or the uuid of another site.

        Raises:
            ConfigurationError: there is none with this key.
            NotRegistered: there is none with this uuid, or the uuid is missing.
        """
        found = self.known_repository(key)
        if found is not None:
            return found
        if isinstance(key, int):
            raise ConfigurationError(
                f"There is no repository {key} at this site.",
                hint="It was deleted: remove its job from the schedule.",
            )
        raise NotRegistered("Registration required")

    def known_repository(self, key: int | str | None) -> Repository | None:
        """Return a repository by its key or uuid, None if there is none."""
        if isinstance(key, int):
            return repositories.first(self, id=key, deleted=False)
        if not key or not key.isprintable():
            return None
        return repositories.first(self, uuid=key, deleted=False)

    def log(
        self, repository_id: int | None, transmission: Transmission, run_id: int | None = None
    ) -> SyncLog:
        """Return the log of a repository, or of unknown sites.

        Args:
            repository_id, transmission, run_id: as for ``SyncLog``.
        """
        return SyncLog(self.db, self.store.aside, self.clock, repository_id, transmission, run_id)

    def connect(self, apitype: str, remote: Remote, interactive: InteractiveLimits | None = None) -> Adapter:
        """Return the adapter of a repository that may exist only in a form; the caller closes it.

        Args:
            apitype: its type.
            remote: the repository.
            interactive: as for ``Repository.peer``.

        Raises:
            ConfigurationError: its settings are incomplete or wrong.
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
        return kind(remote, self.lines(interactive))

    def lines(self, interactive: InteractiveLimits | None = None) -> Lines:
        """Return what an adapter may use.

        Args:
            interactive: as for ``Repository.peer``.
        """
        settings = self.host.settings
        verify = settings.get_sync_verify_tls() and (settings.get_sync_ca_bundle() or True)
        limits = Limits(
            connect_timeout=settings.get_sync_connect_timeout(),
            read_timeout=settings.get_sync_read_timeout(),
            document_size=settings.get_sync_max_document_size(),
            file_size=settings.get_sync_max_upload_size(),
            least_rate=settings.get_sync_least_rate(),
        )
        return Lines(
            spool=self.spool,
            parts=self.parts.fetched,
            limits=interactive.shorten(limits) if interactive else limits,
            verify=verify,
            proxy=self.config().proxy,
            folder_roots=settings.get_sync_folder_roots(),
            clock=self.clock,
        )

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

    def context(
        self,
        repository_id: int | None,
        exchanged: int | None,
        delivered: Callable[[str], int] = nowhere,
        *,
        clears: bool = True,
        known: Callable[[str], datetime | None] = unknown,
    ) -> Context:
        """Return the context of an import.

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
            is_possible=times.possible_times(self),
            final=repository_id is None,
        )

    def total(self, request: ExportRequest, page: ExportPage) -> int:
        """Return the number of main records after a position of the journal, those of the page included.

        Args:
            request: the request of the page.
            page: the page.
        """
        if not page.more:
            return page.count
        return page.count + self.store.count_changes(
            self.schema.table(request.table),
            after=page.position,
            until=self.journal.head() if request.until is None else request.until,
            skip_origin=request.skip_origin,
            filters=request.filters.get(request.table, ()),
        )

    @property
    def can_reconnect(self) -> bool:
        """Whether a second connection sees the same database."""
        return ":memory" not in str(self.db._uri).partition("://")[0]
