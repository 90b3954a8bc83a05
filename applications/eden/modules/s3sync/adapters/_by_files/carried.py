"""Repositories that are another site of ours, which reads later what this one leaves in a place with files.

Each site leaves pages of records, and a state that says which of them are whole and what it has read itself (see
docs/PROTOCOL.md, "Carried"). Neither needs a line to the other one, nor a clock that is right.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from ... import VERSION
from ...core.atomic_write import beside
from ...core.cursor import Comparison
from ...core.errors import ConfigurationError, DocumentError, DocumentTooLarge, PeerRefused, PeerUnreachable
from ...exchange.peer import Asking, Capability, Exchange, Link, PullResult, PushResult, Registration, Sending
from ...transport.failures import disk_error
from ...transport.sealed_storage import SealedStorage
from ...transport.storage import Storage
from ...wire.carried.chain import next_page, still_of_use, waiting
from ...wire.carried.named_files import stored_name
from ...wire.carried.names import is_file_name
from ...wire.carried.sealing import LONGEST, SHORTEST, USUAL, Cost, Seal, plain_passphrase
from ...wire.carried.state import DamagedState, Greeting, Page, State
from ...wire.protocol.names import PeerCapability
from ..base import Adapter, Remote, T
from ..lines import Lines
from ..settings import Kind, Setting
from .carried_place import CarriedPlace

#: What two sites do for each other in a folder.
ANNOUNCED = frozenset((PeerCapability.CURSOR, PeerCapability.FILES, PeerCapability.NULLS))


def _passphrase_problem(text: str) -> str:
    """Return what is wrong with a passphrase, "" for nothing."""
    if not SHORTEST <= len(plain_passphrase(text)) <= LONGEST:
        return T("Enter 12 to 256 characters: several words, or letters and digits")
    return ""


PASSPHRASE = Setting(
    "passphrase",
    T("Passphrase"),
    T("The same at both sites, at least 12 characters: the records are sealed with it"),
    Kind.SECRET,
    check=_passphrase_problem,
)


class CarriedAdapter(Adapter):
    """Another site of ours, as described above."""

    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        (
            Capability.PULL,
            Capability.PUSH,
            Capability.FILES,
            Capability.REGISTER,
            Capability.TEST,
            Capability.CARRIED,
        )
    )
    #: The other site says what it has stored, but nobody knows what it has changed since.
    confirms: ClassVar[bool] = False
    #: Of the key for what is sealed.
    cost: ClassVar[Cost] = USUAL
    #: Whether reading there costs a slow line. Then what this site has left is read again only if the other one has
    #: seen it and not taken it; until then its size tells that it is whole.
    is_far: ClassVar[bool] = False
    abilities: ClassVar[Mapping[str, str]] = {
        PeerCapability.CURSOR: T("goes on where a broken line stopped"),
        PeerCapability.FILES: T("takes files"),
        PeerCapability.NULLS: T("takes cleared fields"),
    }

    def __init__(self, remote: Remote, lines: Lines) -> None:
        super().__init__(remote, lines)
        self._opened: CarriedPlace | None = None
        self._theirs: State | None = None
        self._is_read = False

    @property
    def _place(self) -> CarriedPlace:
        if self._opened is None:
            self._opened = self.place_in(self._storage())
        return self._opened

    @abstractmethod
    def _storage(self) -> Storage:
        """Return the place.

        Raises:
            ConfigurationError: it cannot be used as it is entered.
        """

    def place_in(self, storage: Storage) -> CarriedPlace:
        """Return the exchange in a place, sealed if this repository has a passphrase."""
        passphrase = self.remote.settings.get("passphrase")
        seal = Seal(passphrase, self.cost) if passphrase else None
        return CarriedPlace(SealedStorage(storage, seal), self.remote.own_uuid, self.remote.uuid or "")

    @property
    def _greeting(self) -> Greeting:
        return Greeting(self.remote.own_uuid, self.remote.own_name or "?", VERSION, ANNOUNCED)

    # --- who is here -------------------------------------------------------------------------------------

    def register(self) -> Registration:
        """See port ``Peer``: this site leaves who it is, and finds the other one."""
        self._place.greet(self._greeting)
        found = self._other(self._place.greetings())
        return Registration(found.uuid, found.name, found.version, found.capabilities & ANNOUNCED)

    def _other(self, found: Sequence[Greeting]) -> Greeting:
        """Return the site that this repository is about.

        Raises:
            PeerUnreachable: it has not been here yet.
            ConfigurationError: there are several, and none of them has the name of the repository.
        """
        known = [each for each in found if each.uuid == self.remote.uuid]
        named = [each for each in found if each.name.casefold() == self.remote.name.casefold()]
        for chosen in (known, named, found):
            if len(chosen) == 1:
                return chosen[0]
        if not found:
            raise PeerUnreachable(
                "The other site has not used this folder yet.",
                hint="Carry the memory stick to the other site, and add a repository of this type there. This site has "
                "left its name, and finds the other one at its next synchronization.",
            )
        names = ", ".join(sorted(each.name for each in found))
        raise ConfigurationError(
            f"Several sites use this folder: {names}.",
            hint="Give this repository the name of the site that it is for.",
        )

    def greet(self) -> None:
        """See ``Adapter``."""
        self._place.greetings()

    # --- what the other site left ------------------------------------------------------------------------

    def theirs(self) -> State | None:
        """See port ``CarriedPeer``."""
        if not self._is_read:
            self._theirs = None
            try:
                self._theirs = self._place.theirs()
            except DamagedState as error:
                raise DocumentError(
                    f"What the other site left is not whole: {error}.",
                    hint="Nothing of it was read, and nothing is lost: once the other site has the folder again, "
                    "it writes everything again.",
                    remote=True,
                ) from error
            self._is_read = True
        return self._theirs

    def disregard(self) -> None:
        """See port ``CarriedPeer``."""
        self._theirs, self._is_read = None, True

    def pull(self, exchange: Exchange, asking: Asking) -> PullResult:
        """See port ``Peer``: return the page that follows what is stored here."""
        place, theirs = self._place, self.theirs()
        pages = () if theirs is None else theirs.pages.get(exchange.resource, ())
        page = next_page(pages, asking.cursor)
        document = self.lines.spooled_nothing()
        if page is None or theirs is None:
            return PullResult(document, is_ours=True, cursor=asking.cursor)
        try:
            place.read_page(exchange.resource, page, document, self.lines.limits.document_size)
        except BaseException:
            document.unlink()
            raise
        return PullResult(
            document,
            is_ours=True,
            cursor=page.cursor,
            more=next_page(pages, page.cursor) is not None,
            journal=theirs.journal,
            restored=page.restored,
            received=page.size,
            size=document.stat().st_size,
            total=waiting(pages, page),
            again=next((each for each in Comparison if each.value == page.again), None),
        )

    def fetch(self, url: str, target: Path) -> None:
        """See port ``Peer``."""
        stored, theirs = stored_name(url), self.theirs()
        told = theirs.files.get(stored) if theirs is not None and is_file_name(stored) else None
        if told is None:
            raise PeerRefused(
                f"The file {stored} is not in the folder.",
                hint="It is asked for again: the other site writes it when it has the folder the next time.",
            )
        if told.size > self.lines.limits.file_size:
            raise DocumentTooLarge(f"The file {stored} has {told.size} bytes.", remote=True)
        part = beside(target)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as out:
                self._place.read_file(stored, told, out)
            os.replace(part, target)
        except OSError as error:
            raise disk_error(error) from error
        finally:
            part.unlink(missing_ok=True)

    # --- what this site leaves ---------------------------------------------------------------------------

    def still_there(self, table: str, start: str, known: Collection[str]) -> Sequence[Page]:
        """See port ``CarriedPeer``."""
        return self._place.keep(
            table,
            lambda pages, is_whole: still_of_use(pages, start, known, is_whole),
            self.is_far and not self._was_seen(),
        )

    def _was_seen(self) -> bool:
        """Return whether the other site has seen the last state of this one: what it has not taken may be damaged."""
        ours, theirs = self._place.ours(), self.theirs()
        return ours is not None and theirs is not None and theirs.seen >= ours.number

    def push(self, exchange: Exchange, document: Path, sending: Sending) -> PushResult:
        """See port ``Peer``: the page counts once ``leave`` has named it."""
        most = self.lines.limits.document_size
        if document.stat().st_size > most:
            raise DocumentTooLarge(f"A page has more than {most} bytes.")
        link = sending.link or Link("", "")
        page = Page(
            0,
            link.start,
            link.cursor,
            link.count,
            0,
            "",
            restart=link.restart,
            restored=link.restored,
            again=sending.again.value if sending.again else "",
            files=link.files,
        )
        return PushResult(sent=self._place.write_page(exchange.resource, document, page).size)

    def send_file(self, stored: str, path: Path) -> int:
        """See port ``Peer``."""
        if not is_file_name(stored):
            raise PeerRefused(f"The file {stored} has a name that a memory stick cannot hold.")
        return self._place.write_file(stored, path, self.is_far and not self._was_seen())

    def leave(self, state: State) -> None:
        """See port ``CarriedPeer``."""
        self._place.greet(self._greeting)
        self._place.leave(state)
