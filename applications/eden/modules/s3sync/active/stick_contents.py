"""What lies on a memory stick: who left it, for whom, how much it is, and whether it was read. Nothing is written."""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from ..core.errors import SyncError
from ..exchange.peer import Capability
from ..scheduler import jobs as jobs
from ..site import Repository, Site
from ..site.repositories import all_of
from ..transport.sealed_storage import SealClosed, SealedStorage
from ..transport.storage import LocalFolder, Storage
from ..wire.carried.chain import is_interrupted, unread
from ..wire.carried.names import GREETING, STATE, exchange_folder, site_folder
from ..wire.carried.sealing import Seal, is_sealed
from ..wire.carried.state import LARGEST, DamagedState, Greeting, State
from ..wire.protocol.names import PeerCapability
from .carried import memory_of

#: Maximum numbers of sites on a stick, and of exchanges of each, that are looked at.
MOST_SITES = 100


class Condition(enum.Enum):
    """What became of something that a site left for another one.

    Attributes:
        NEW: the receiver has not read it, as far as this site and the stick know.
        READ: the receiver has read it.
        OLD: an old copy: the receiver has read something later.
        GAP: records between those that the receiver has and those that are here are missing.
        DAMAGED: it is not whole.
        STRANGE: it is for this site, and this site has no repository for its sender.
        SEALED: it does not open here: between others, or with another passphrase, or sealed and this site has none.
    """

    NEW = "new"
    READ = "read"
    OLD = "old"
    GAP = "gap"
    DAMAGED = "damaged"
    STRANGE = "strange"
    SEALED = "sealed"


@dataclass(frozen=True)
class Left:
    """What one site left for another one.

    Attributes:
        sender_name, receiver_name: names, "" where they cannot be told.
        for_us, by_us: whether this site is the receiver, or the sender.
        condition: what became of it.
        repository_id: this site's repository for the other site, None if there is none.
        count: records that this site can read; all that are there where it has read them, and for other sites.
        not_chosen: records of resources that this site does not fetch.
        files: number of uploaded files.
        written: when, by the clock of the sender (UTC).
    """

    sender_name: str
    receiver_name: str
    for_us: bool
    by_us: bool
    condition: Condition
    repository_id: int | None = None
    count: int = 0
    not_chosen: int = 0
    files: int = 0
    written: datetime | None = None


class StickContents:
    """What lies on a stick.

    Args:
        site: this site.
        storage: the stick.
    """

    def __init__(self, site: Site, storage: Storage) -> None:
        self._site = site
        self._storage = storage
        self._own = site_folder(site.config().uuid)

    @classmethod
    def of_folder(cls, site: Site, path: str) -> StickContents:
        """Return what lies in a folder of this machine.

        Raises:
            ConfigurationError: the operator does not allow it, or it is not there.
        """
        return cls(site, LocalFolder(site.lines().folder(path)))

    def sites(self) -> list[Greeting]:
        """Return the other sites that have left their names, sorted by them.

        Raises:
            SyncError: the stick cannot be read.
        """
        found = self._greetings()
        return sorted(
            (each for folder, each in found.items() if folder != self._own),
            key=lambda each: each.name.casefold(),
        )

    def repository_of(self, greeting: Greeting) -> Repository | None:
        """Return this site's repository for another one: that with its uuid, or that of its name which waits for it."""
        found = self._site.known_repository(greeting.uuid)
        if found is not None:
            return found
        name = greeting.name.casefold()
        return next((each for each in self._waiting if each.name.casefold() == name), None)

    @cached_property
    def _waiting(self) -> list[Repository]:
        """The repositories that have not met their site yet: a run finds it by its name (``StickAdapter.register``)."""
        return [
            each
            for each in all_of(self._site)
            if Capability.CARRIED in each.type_capabilities and PeerCapability.CURSOR not in each.capabilities
        ]

    def left(self) -> list[Left]:
        """Return what was left, that for this site first.

        Raises:
            SyncError: the stick cannot be read.
        """
        names = self._greetings()
        states = {
            (sender, receiver): self._state(sender, receiver, names) for sender, receiver in self._exchanges()
        }
        found = [self._told(pair, states, names) for pair in states]
        return sorted(
            found, key=lambda each: (not each.for_us, not each.by_us, each.sender_name, each.receiver_name)
        )

    # --- reading -------------------------------------------------------------------------------------------

    def _folders(self, folder: str) -> list[str]:
        return [entry.name for entry in self._storage.list(folder) if entry.is_folder][:MOST_SITES]

    def _exchanges(self) -> Iterator[tuple[str, str]]:
        for sender in self._folders(""):
            for receiver in self._folders(sender):
                if any(entry.name == STATE for entry in self._storage.list(f"{sender}/{receiver}")):
                    yield sender, receiver

    def _greetings(self) -> dict[str, Greeting]:
        found = {}
        for folder in self._folders(""):
            with contextlib.suppress(DamagedState):
                text = _text(self._storage, f"{folder}/{GREETING}")
                if text is not None:
                    found[folder] = Greeting.from_bytes(text)
        return found

    def _state(self, sender: str, receiver: str, names: Mapping[str, Greeting]) -> State | Condition:
        """Return a state, or why there is none."""
        other = receiver if sender == self._own else sender
        place = self._storage
        if self._own in (sender, receiver):
            place = SealedStorage(place, self._seal(self._repository(other, names)))
        try:
            text = _text(place, f"{sender}/{receiver}/{STATE}") or b""
            if is_sealed(text):
                return Condition.SEALED
            state = State.from_bytes(text)
        except SealClosed:
            return Condition.SEALED
        except (DamagedState, SyncError):
            return Condition.DAMAGED
        here = (site_folder(state.sender), site_folder(state.receiver))
        return state if here == (sender, receiver) else Condition.DAMAGED

    def _seal(self, repository: Repository | None) -> Seal | None:
        passphrase = repository.remote.settings.get("passphrase") if repository is not None else None
        return Seal(passphrase) if passphrase else None

    # --- what it means ----------------------------------------------------------------------------------------

    def _told(
        self,
        pair: tuple[str, str],
        states: Mapping[tuple[str, str], State | Condition],
        names: Mapping[str, Greeting],
    ) -> Left:
        sender, receiver = pair
        state = states[pair]
        repository = self._repository(receiver if sender == self._own else sender, names)
        found = Left(
            sender_name=_name(sender, names) or ("" if isinstance(state, Condition) else state.name),
            receiver_name=_name(receiver, names),
            for_us=receiver == self._own,
            by_us=sender == self._own,
            condition=state if isinstance(state, Condition) else Condition.NEW,
            repository_id=repository.id if repository is not None else None,
        )
        if isinstance(state, Condition):
            return found
        if found.for_us:
            return self._for_us(found, state, repository)
        answer = states.get((receiver, sender))
        is_read = isinstance(answer, State) and answer.seen >= state.number
        condition = Condition.READ if is_read else Condition.NEW
        return _with(found, state, condition, _records(state))

    def _repository(self, folder: str, names: Mapping[str, Greeting]) -> Repository | None:
        return self.repository_of(names[folder]) if folder in names else None

    def _for_us(self, found: Left, state: State, repository: Repository | None) -> Left:
        if repository is None:
            return _with(found, state, Condition.STRANGE, _records(state))
        if state.number < memory_of(repository).seen:
            return _with(found, state, Condition.OLD, 0)
        states = repository.states
        fetched = [task.resource for task in repository.task_rows if task.mode.pulls]
        at = {table: states.pulled(table).cursor for table in fetched}
        count = sum(unread(state.pages.get(table, ()), cursor) for table, cursor in at.items())
        others = _records(state, [table for table in state.pages if table not in at])
        gap = any(is_interrupted(state.pages.get(table, ()), cursor) for table, cursor in at.items())
        if count or gap:
            return _with(found, state, Condition.NEW if count else Condition.GAP, count, others)
        return _with(found, state, Condition.READ, _records(state) - others, others)


def take_away(repository: Repository) -> None:
    """Remove what this site and another one left for each other where a repository has its stick.

    Who the two are stays. Both write again what the other one has not read, as after a stick that was lost.

    Raises:
        AlreadyRunning: the repository is being synchronised.
        SyncError: the stick cannot be written.
    """
    site = repository.site
    jobs.ensure_idle(site, repository.id)
    place = LocalFolder(site.lines().folder(repository.path or ""))
    own = site.config().uuid
    for exchange in (exchange_folder(own, repository.uuid), exchange_folder(repository.uuid, own)):
        # The state goes first: without it, the rest counts for nothing.
        place.remove(f"{exchange}/{STATE}")
        for folder in place.list(exchange):
            name = f"{exchange}/{folder.name}"
            for entry in place.list(name) if folder.is_folder else ():
                place.remove(f"{name}/{entry.name}")
            place.remove(name)


def _with(found: Left, state: State, condition: Condition, count: int, not_chosen: int = 0) -> Left:
    told = vars(found)
    return Left(
        **{
            **told,
            "condition": condition,
            "count": count,
            "not_chosen": not_chosen,
            "files": len(state.files),
            "written": state.time,
        }
    )


def _text(place: Storage, name: str) -> bytes | None:
    source = place.read(name)
    if source is None:
        return None
    with source:
        return source.read(LARGEST)


def _name(folder: str, names: Mapping[str, Greeting]) -> str:
    return names[folder].name if folder in names else ""


def _records(state: State, tables: Sequence[str] | None = None) -> int:
    chosen = state.pages if tables is None else tables
    return sum(page.count for table in chosen for page in state.pages[table])
