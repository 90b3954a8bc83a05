"""A repository as one object: its row, and everything that belongs to it. Use cases pass it on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Callable

from ..adapters import USUAL, adapter_type, can_ask, capabilities_of, where
from ..adapters.base import Adapter, Remote
from ..adapters.settings import opened
from ..core.cursor import CheckpointKind, Comparison
from ..core.errors import ConfigurationError
from ..core.messages import Sentence
from ..core.policy import Terms
from ..core.task import Mode, Transmission
from ..database import own_rows as own_rows
from ..database import traffic as traffic
from ..database.log import SyncLog
from ..database.tables.fields import live
from ..exchange.importer import Context, SentFields, unknown
from ..exchange.peer import Capability, Exchange
from ..exchange.run.ports import Task
from ..transport.limits import InteractiveLimits
from ..wire.protocol.names import PeerCapability
from . import tasks as tasks
from .exchange_state import ExchangeStates
from .tasks import TaskRow, TaskRules
from .times import SKEW, told
from .wanted.followed import followed_in
from .wanted.subscriptions import codes_of

if TYPE_CHECKING:
    from . import Site

__all__ = ["Repository", "all_of", "first"]

TABLE = "sync_repository"
#: A repository that may do nothing here any more.
REVOKED = "revoked"
#: One that registered by itself, and that no administrator has approved yet.
WAITING = "waiting"


@dataclass(frozen=True)
class Repository:
    """Another site, as stored when this object was read.

    Attributes:
        site: this site.
        id: its key.
        uuid: identifier of the other site; one made here while it is unknown.
        name: its name.
        apitype: name of its type.
        url, path, username, password, client_id, client_secret, site_key, refresh_token, proxy, keep_source: the
            settings of its type, secrets encrypted; None for empty ones.
        synchronise_uuids: whether a duplicate here adopts the uuid of the other site's record.
        settings: settings without a column, and what was detected about the other site.
        capabilities: what the other site announced, and what was detected.
        peer_journal: identity of the other site's journal, from its last push.
        peer_version: version of its synchronisation, None for an Eden.
        last_connected: the last contact (UTC).
        last_status: result of the last contact that this site began.
        account_id: the user as whom the other site logs in here; None until it has done so.
        approval: REVOKED where an administrator has taken away what it may do here, WAITING before one has approved it.
        scope_id: what it may read and write here; None for everything.
        notified_on: when a mail reported that it keeps failing (UTC); None while it works.
        deleted: whether it was deleted.
    """

    site: Site = field(repr=False, compare=False)
    id: int
    uuid: str
    name: str
    apitype: str
    url: str | None
    path: str | None
    username: str | None
    password: str | None = field(repr=False)
    client_id: str | None
    client_secret: str | None = field(repr=False)
    site_key: str | None = field(repr=False)
    refresh_token: str | None = field(repr=False)
    proxy: str | None
    keep_source: bool
    synchronise_uuids: bool
    settings: Mapping[str, Any]
    capabilities: frozenset[str]
    peer_journal: str | None
    peer_version: str | None
    last_connected: datetime | None
    last_status: str | None
    account_id: int | None
    scope_id: int | None
    approval: str | None
    notified_on: datetime | None
    deleted: bool

    @classmethod
    def read(cls, site: Site, row: Any) -> Repository:
        """Return a repository from its row."""
        return cls(
            site=site,
            id=int(row.id),
            uuid=row.uuid,
            name=row.name,
            apitype=row.apitype or USUAL,
            url=row.url,
            path=row.path,
            username=row.username,
            password=row.password,
            client_id=row.client_id,
            client_secret=row.client_secret,
            site_key=row.site_key,
            refresh_token=row.refresh_token,
            proxy=row.proxy,
            keep_source=bool(row.keep_source),
            synchronise_uuids=bool(row.synchronise_uuids),
            settings=row.settings or {},
            capabilities=frozenset(row.capabilities or ()),
            peer_journal=row.peer_journal,
            peer_version=row.peer_version,
            last_connected=row.last_connected,
            last_status=row.last_status,
            account_id=row.account_id,
            scope_id=row.scope_id,
            approval=row.approval,
            notified_on=row.notified_on,
            deleted=bool(row.deleted),
        )

    def __getitem__(self, name: str) -> Any:
        """Return the value of a setting with a column, for ``adapters.settings``."""
        return getattr(self, name)

    @property
    def is_revoked(self) -> bool:
        """Whether it may do nothing here any more."""
        return self.approval == REVOKED

    @property
    def is_waiting(self) -> bool:
        """Whether an administrator has to approve it before it may do anything here."""
        return self.approval == WAITING

    # --- its adapter ------------------------------------------------------------------------------------

    @property
    def can_ask(self) -> bool:
        """Whether all settings are entered that this site needs to begin the exchange."""
        return can_ask(self)

    @property
    def type_capabilities(self) -> frozenset[Capability]:
        """What its type can do; nothing if this site has no such type."""
        return capabilities_of(self)

    @property
    def where(self) -> str:
        """Its address or folder, "" if none is entered."""
        return where(self)

    @property
    def skew(self) -> float | None:
        """Seconds by which its clock was ahead of ours at the last contact, None if unknown."""
        return self.settings.get(SKEW)

    @property
    def usable_capabilities(self) -> frozenset[str]:
        """The capabilities that this site uses."""
        compresses = self.site.host.settings.get_sync_compression()
        packing = {PeerCapability.GZIP, PeerCapability.DICTIONARY}
        return self.capabilities if compresses else self.capabilities - packing

    @property
    def follows(self) -> str | None:
        """What this site tells of the prescription that it follows; None where it may prescribe nothing, or cannot."""
        if PeerCapability.PRESCRIBE not in self.capabilities:
            return None
        followed = followed_in(self.settings)
        return None if followed is None else followed.mark

    @property
    def remote(self) -> Remote:
        """The repository as its adapter sees it.

        Raises:
            ConfigurationError: this site has no such type, or a secret cannot be decrypted.
        """
        site, kind = self.site, adapter_type(self.apitype)
        return Remote(
            self.id,
            self.uuid,
            self.name,
            site.config().uuid,
            site.host.settings.get_system_name(),
            opened(self, kind.settings, site.vault),
            self.usable_capabilities,
            self.follows,
            codes_of(site.db, self.id) if Capability.DATASETS in kind.capabilities else (),
        )

    def peer(self, interactive: InteractiveLimits | None = None) -> Adapter:
        """Return its adapter; the caller closes it.

        Args:
            interactive: limits if a person waits, None otherwise.

        Raises:
            ConfigurationError: it cannot be asked.
        """
        return self.site.connect(self.apitype, self.remote, interactive)

    # --- its tasks --------------------------------------------------------------------------------------

    @property
    def task_rows(self) -> list[TaskRow]:
        """Its tasks, in order."""
        return tasks.of_repository(self.site.db, self.id)

    @property
    def tasks(self) -> list[Task]:
        """Its tasks, for the engine.

        Raises:
            ConfigurationError: nothing is, and the other site prescribes nothing.
            FilterError: a filter cannot be read.
        """
        found = [row for row in self.task_rows if row.mode is not Mode.NONE]
        if not found and self.follows is None:
            sets = Capability.DATASETS in self.type_capabilities
            hint = Sentence.CHOOSE_SETS.say() if sets else Sentence.ADD_RESOURCES.say()
            raise ConfigurationError(Sentence.NO_RESOURCES.say(), hint=hint)
        return tasks.engine_tasks(self.site.db, found)

    def terms(self, rules: Exchange | TaskRules) -> Terms:
        """Return the rules under which records of a task are imported here."""
        return Terms(
            frozenset(rules.strategy),
            rules.update_policy,
            rules.conflict_policy,
            self.synchronise_uuids,
            rules.components,
        )

    def usual_terms(self, table: str) -> Terms:
        """Return the rules of our task for a table, the defaults where we have none."""
        rules = next((row.rules for row in self.task_rows if row.resource == table), None)
        return Terms() if rules is None else self.terms(rules)

    # --- its exchange states ----------------------------------------------------------------------------

    @cached_property
    def states(self) -> ExchangeStates:
        """How far the exchange of each table has come."""
        return ExchangeStates(self.site.checkpoints, self.id, self.site.journal.identity())

    def context(
        self,
        table: str,
        *,
        clears: bool = True,
        known: Callable[[str], datetime | None] = unknown,
        again: bool = False,
    ) -> Context:
        """Return the context for importing its documents.

        Args:
            table: the main table.
            clears, known, again: as in ``importer.Context``.
        """
        states = self.states
        context = self.site.context(
            self.id, states.exchanged(table), states.delivered, clears=clears, known=known
        )
        if not clears:
            # One of ours tells what was edited, so that is all that counts.
            context = replace(
                context,
                exchanged_of=lru_cache(maxsize=None)(states.exchanged_apart),
                sent=lru_cache(maxsize=None)(states.sent),
                sent_fields=SentFields(states.sent_fields()) if self.apitype == USUAL else None,
                skew=self.skew or 0.0,
                sent_times=lru_cache(maxsize=None)(states.sent_times),
            )
        return replace(context, again=again, met=states.met, silent=self._silent)

    def _silent(self) -> dict[int, int]:
        found = self.site.checkpoints.of_all(CheckpointKind.WHOLE)
        return {key: int(position) for key, position in found.items()}

    def note_sender(self, by_field: bool, context: Context) -> None:
        """Store what a document told of its sender, within the current transaction.

        Args:
            by_field: whether it says which fields were edited.
            context: of its import.
        """
        if not by_field:
            self.states.save_whole(self.site.journal.head())
        more = None if context.sent_fields is None else context.sent_fields.more()
        if more is not None:
            self.states.save_sent_fields(more)

    def start_over(self, table: str) -> None:
        """Reset a task, within the current transaction: its next run compares everything."""
        self.states.start_over(table, Comparison.ASKED)
        self.site.pending_references.ask_again(self.id, table)
        task = self.site.db.sync_task
        query = (task.repository_id == self.id) & (task.resource_name == table)
        self.site.db(query).update(last_pull=None, last_push=None)

    # --- its log and its row ----------------------------------------------------------------------------

    def log(self, transmission: Transmission, run_id: int | None = None) -> SyncLog:
        """Return its log.

        Args:
            transmission, run_id: as for ``SyncLog``.
        """
        return self.site.log(self.id, transmission, run_id)

    def note_traffic(self, *, received: int = 0, sent: int = 0) -> None:
        """Count records for today, within the current transaction."""
        traffic.note(self.site.db, self.site.clock.now().date(), self.id, received=received, sent=sent)

    def note_contact(self, skew: float | None, status: str = "", *, reached: bool = False) -> None:
        """Store the result of a contact with it.

        Args:
            skew: seconds by which its clock is ahead; None if it did not answer, or did not tell the time.
            status: its last status to show, "" for none.
            reached: whether it was reached although it did not tell the time, as with some types.
        """
        changes: dict[str, Any] = {"last_status": status or None}
        if reached or skew is not None:
            changes["last_connected"] = self.site.clock.now()
        if skew is not None:
            changes["settings"] = self.settings_with(**told(skew, self.site.clock.now()))
        with self.site.store.transaction():
            self.update(**changes)

    def update(self, **columns: Any) -> None:
        """Store columns within the current transaction; this object does not change."""
        changed = {"modified_on": self.site.clock.now(), **columns}
        own_rows.write(self.site.db, TABLE, self.id, changed)

    def settings_with(self, **values: Any) -> dict[str, Any]:
        """Return the stored ``settings`` with these values replaced."""
        found = first(self.site, id=self.id)
        return {**(found.settings if found is not None else {}), **values}


def first(site: Site, **columns: Any) -> Repository | None:
    """Return the first repository with these values in its columns, also a deleted one; None if there is none."""
    rows = own_rows.read(site.db, TABLE, columns, limit=1)
    return Repository.read(site, rows[0]) if rows else None


def all_of(site: Site) -> list[Repository]:
    """Return all repositories, sorted by key."""
    table = site.db.sync_repository
    return [Repository.read(site, row) for row in site.db(live(table)).select(orderby=table.id)]
