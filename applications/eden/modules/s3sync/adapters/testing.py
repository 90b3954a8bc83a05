"""The tests that every repository type must pass, for its authors (see docs/ADAPTERS.md).

A test module has one subclass of ``AdapterContract`` for each kind of peer that the type supports. pytest does the
rest, and skips what the type does not declare::

    class TestFolder(AdapterContract):
        kind = FolderAdapter

        @pytest.fixture()
        def peer(self, tmp_path: Path) -> Iterator[SimulatedPeer]:
            yield FolderPeer(tmp_path)
"""

from __future__ import annotations

import keyword
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, ClassVar

import pytest

from ..core.clock import SystemClock
from ..core.errors import ConfigurationError, SyncError
from ..exchange.peer import Asking, Capability, Exchange, PullResult, Sending
from ..transport.client import Transport
from ..wire.s3xml import DocumentReader
from .base import Adapter, Remote
from .connection_test import ConnectionTest
from .lines import Lines
from .settings import Kind

RESOURCE = "org_organisation"
OWN_UUID = "urn:uuid:00000000-0000-4000-8000-0000000000aa"
#: Names reserved for other fields of a repository's form.
TAKEN_NAMES = frozenset(("name", "uuid", "apitype", "test"))
#: Names of settings that must be secrets.
SECRET_NAMES = frozenset(("password", "client_secret", "site_key", "refresh_token"))
METHODS = {
    Capability.PULL: "pull",
    Capability.PUSH: "push",
    Capability.REGISTER: "register",
    Capability.OFFER: "offer",
    Capability.TEST: "test",
    Capability.FILES: "fetch",
    Capability.DATASETS: "sets",
    Capability.CARRIED: "leave",
}


@dataclass(frozen=True)
class OneLine(Lines):
    """Lines with one connection for every address.

    Attributes:
        line: the result of every ``http``: a prepared transport, or a simulated one.
    """

    line: Any = None

    def http(
        self,
        url: str,
        *,
        username: str | None = None,
        password: str | None = None,
        proxy: str | None = None,
        certificate: str | None = None,
    ) -> Transport:
        """See ``Lines``."""
        found: Transport = self.line
        return found


def one_line(transport: Any, spool: Path = Path()) -> OneLine:
    """Return lines with one connection for every address.

    Args:
        transport: a prepared transport, or a simulated one.
        spool: the spool folder.
    """
    return OneLine(spool, SystemClock(), line=transport)


class SimulatedPeer(ABC):
    """The other end in the tests of a type: a server on loopback, a folder, or anything else.

    Attributes:
        settings: its values, by the names of the type's settings.
    """

    settings: Mapping[str, Any]

    @abstractmethod
    def give(self, resource: str, document: bytes) -> None:
        """Offer a document of a resource to pull; further ones come after it."""

    @abstractmethod
    def received(self, resource: str) -> list[bytes]:
        """Return the documents of a resource that were pushed."""

    @abstractmethod
    def fail(self) -> None:
        """Be unreachable from now on."""

    def lines(self, spool: Path) -> Lines:
        """Return the lines for an adapter to reach it.

        Args:
            spool: the spool folder.
        """
        return Lines(spool, SystemClock())


def organisations(*numbers: int, modified_on: str = "2026-03-01T08:00:00") -> bytes:
    """Return a document with organisations, like that of a peer."""
    records = "".join(
        f'<resource name="{RESOURCE}" uuid="{uuid_of(number)}" mci="1" created_on="2026-01-01T00:00:00"'
        f' modified_on="{modified_on}"><data field="name">Organisation {number}</data></resource>'
        for number in numbers
    )
    head = f'<s3xml success="{"true" if numbers else "false"}" results="{len(numbers)}"'
    return f"<?xml version='1.0' encoding='utf-8'?>\n{head}>{records}</s3xml>".encode()


def joined(documents: Sequence[bytes]) -> bytes:
    """Return several documents as one; a single one unchanged, whatever it contains."""
    if len(documents) == 1:
        return documents[0]
    records = [each.partition(b"<resource") for each in documents]
    body = b"".join(mark + rest.rpartition(b"</s3xml>")[0] for _, mark, rest in records)
    return b"<s3xml>" + body + b"</s3xml>"


def uuid_of(number: int) -> str:
    """Return the identifier of the organisation with a number."""
    return f"urn:uuid:00000000-0000-4000-8000-{number:012d}"


def uuids_in(document: Path) -> list[str]:
    """Return the identifiers of the main records of a document."""
    with document.open("rb") as source:
        return [str(each.get("uuid")) for each in DocumentReader(source)]


class AdapterContract:
    """What the engine and the screens rely on. A subclass has ``kind`` and a fixture ``peer``.

    Attributes:
        kind: the adapter class.
        in_one_go: whether every pull returns all records of the peer in one document.
    """

    kind: ClassVar[type[Adapter]]
    in_one_go: ClassVar[bool] = False

    @pytest.fixture()
    def peer(self, tmp_path: Path) -> Iterator[SimulatedPeer]:
        """Make the other end; every subclass overrides this."""
        raise NotImplementedError("a subclass of AdapterContract needs a fixture named peer")

    @pytest.fixture()
    def spool(self, tmp_path: Path) -> Path:
        """Make the spool folder."""
        folder = tmp_path / "spool"
        folder.mkdir()
        return folder

    @pytest.fixture()
    def connect(self, peer: SimulatedPeer, spool: Path) -> Iterator[Callable[[], Adapter]]:
        """Yield a function that makes adapters: each run has its own."""
        opened: list[Adapter] = []

        def connected() -> Adapter:
            remote = Remote(1, None, "the peer", OWN_UUID, "this site", peer.settings)
            opened.append(self.kind(remote, peer.lines(spool)))
            return opened[-1]

        yield connected
        for each in opened:
            each.close()

    def able(self, *wanted: Capability) -> None:
        """Skip a test for a capability that the type does not declare."""
        lacking = [each.value for each in wanted if each not in self.kind.capabilities]
        if lacking:
            pytest.skip(f"{self.kind.apitype} does not declare: {', '.join(lacking)}")

    # --- what a type declares --------------------------------------------------------------------------

    def test_it_has_a_name_and_a_label(self) -> None:
        assert self.kind.apitype.isidentifier() and self.kind.label
        assert self.kind.capabilities <= frozenset(Capability)
        assert Capability.PULL in self.kind.capabilities or Capability.PUSH in self.kind.capabilities

    def test_its_settings_can_be_shown_and_stored(self) -> None:
        names = [each.name for each in self.kind.settings]
        assert len(set(names)) == len(names)
        for each in self.kind.settings:
            assert each.name.isidentifier() and not keyword.iskeyword(each.name) and each.label
            assert each.name not in TAKEN_NAMES, "the form has a field of this name"
            assert (each.kind is Kind.CHOICE) == bool(each.choices)
            assert each.secret or each.name not in SECRET_NAMES

    def test_it_does_what_it_declares_and_declares_what_it_does(self) -> None:
        for capability, method in METHODS.items():
            own = getattr(self.kind, method) is not getattr(Adapter, method)
            assert own == (capability in self.kind.capabilities), method

    def test_what_is_not_entered_is_named(self) -> None:
        required = [each for each in self.kind.settings if each.required]
        assert self.kind.missing({}) == required
        assert self.kind.missing({each.name: "x" for each in required}) == []

    def test_it_can_be_closed_twice(self, connect: Callable[[], Adapter]) -> None:
        adapter = connect()
        adapter.close()
        adapter.close()

    def test_what_it_cannot_do_is_refused_with_a_way_out(
        self, connect: Callable[[], Adapter], tmp_path: Path
    ) -> None:
        adapter, document = connect(), tmp_path / "document.xml"
        document.write_bytes(organisations(1))
        calls: dict[Capability, Callable[[], Any]] = {
            Capability.PULL: lambda: self.pull(adapter),
            Capability.PUSH: lambda: self.push(adapter, document),
            Capability.REGISTER: adapter.register,
            Capability.FILES: lambda: adapter.send_file("doc_document.file.x.txt", document),
        }
        for capability, call in calls.items():
            if capability not in self.kind.capabilities:
                with pytest.raises(ConfigurationError) as caught:
                    call()
                assert caught.value.hint

    # --- the connection test ---------------------------------------------------------------------------

    def test_the_connection_test_passes_and_leaves_nothing(
        self, connect: Callable[[], Adapter], spool: Path
    ) -> None:
        self.able(Capability.TEST)
        with connect() as adapter:
            found = adapter.test(60)
        assert isinstance(found, ConnectionTest) and found.findings and found.passed, found
        assert not list(spool.iterdir())

    def test_the_connection_test_finds_out_that_nobody_is_there(
        self, peer: SimulatedPeer, connect: Callable[[], Adapter]
    ) -> None:
        self.able(Capability.TEST)
        peer.fail()
        found = connect().test(60)
        assert not found.passed, "a failure is an answer, too"

    # --- pull ------------------------------------------------------------------------------------------

    @staticmethod
    def pull(adapter: Adapter, cursor: str = "", look: bool = False) -> PullResult:
        """Pull like a run."""
        return adapter.pull(Exchange(RESOURCE), Asking(cursor, limit=100, look=look))

    def pull_all(self, connect: Callable[[], Adapter], cursor: str = "") -> tuple[list[str], str]:
        """Pull until there is no more; return the identifiers and the last cursor."""
        found: list[str] = []
        adapter = connect()
        for _ in range(100):
            result = self.pull(adapter, cursor)
            found += uuids_in(result.path)
            result.discard()
            if result.more:
                assert result.cursor is not None and result.cursor != cursor, "it would never end"
            cursor = result.cursor or ""
            if not result.more:
                return found, cursor
        raise AssertionError("the peer has two documents, and this is the hundredth")

    def test_everything_arrives_once(
        self, peer: SimulatedPeer, connect: Callable[[], Adapter], spool: Path
    ) -> None:
        self.able(Capability.PULL)
        peer.give(RESOURCE, organisations(1, 2))
        peer.give(RESOURCE, organisations(3))
        found, _ = self.pull_all(connect)
        assert sorted(found) == [uuid_of(1), uuid_of(2), uuid_of(3)]
        assert not list(spool.iterdir()), "a document that was discarded is gone"

    def test_what_was_taken_does_not_come_again_and_what_is_new_does(
        self, peer: SimulatedPeer, connect: Callable[[], Adapter]
    ) -> None:
        self.able(Capability.PULL)
        if self.in_one_go:
            pytest.skip("everything comes each time; the import knows it")
        peer.give(RESOURCE, organisations(1))
        _, cursor = self.pull_all(connect)
        found, cursor = self.pull_all(connect, cursor)
        assert found == [], "nothing is new"
        peer.give(RESOURCE, organisations(2))
        found, _ = self.pull_all(connect, cursor)
        assert found == [uuid_of(2)]

    def test_what_was_not_settled_comes_again(
        self, peer: SimulatedPeer, connect: Callable[[], Adapter]
    ) -> None:
        """Only a presented cursor counts: a process may die between the pull and the import."""
        self.able(Capability.PULL)
        peer.give(RESOURCE, organisations(1))
        for _ in range(2):
            found, _ = self.pull_all(connect)
            assert found == [uuid_of(1)]

    def test_who_only_looks_takes_nothing(self, peer: SimulatedPeer, connect: Callable[[], Adapter]) -> None:
        self.able(Capability.PULL, Capability.PREVIEW)
        peer.give(RESOURCE, organisations(1))
        self.pull(connect(), look=True).discard()
        found, _ = self.pull_all(connect)
        assert found == [uuid_of(1)]

    def test_a_peer_that_has_nothing_gives_an_empty_document(self, connect: Callable[[], Adapter]) -> None:
        self.able(Capability.PULL)
        found, _ = self.pull_all(connect)
        assert found == []

    @pytest.mark.parametrize("document", [b"hello", b"<rss/>", organisations(1)[:-20]])
    def test_what_is_no_document_is_an_error_and_leaves_no_file(
        self, peer: SimulatedPeer, connect: Callable[[], Adapter], spool: Path, document: bytes
    ) -> None:
        """The error comes with the pull, or at the latest when the document is read completely."""
        self.able(Capability.PULL)
        peer.give(RESOURCE, document)
        with pytest.raises(SyncError) as caught:
            result = self.pull(connect())
            try:
                uuids_in(result.path)
            finally:
                result.discard()
        assert caught.value.message and caught.value.hint
        assert not list(spool.iterdir())

    # --- push ------------------------------------------------------------------------------------------

    @staticmethod
    def push(adapter: Adapter, document: Path) -> Any:
        """Push like a run."""
        return adapter.push(Exchange(RESOURCE), document, Sending("journal", checkpoint=""))

    def test_a_push_arrives_whole(
        self, peer: SimulatedPeer, connect: Callable[[], Adapter], tmp_path: Path, spool: Path
    ) -> None:
        self.able(Capability.PUSH)
        document = tmp_path / "document.xml"
        for number in (1, 2):
            document.write_bytes(organisations(number))
            result = self.push(connect(), document)
            assert result.sent > 0 and not result.refusals
        arrived = tmp_path / "arrived.xml"
        found = []
        for each in peer.received(RESOURCE):
            arrived.write_bytes(each)
            found += uuids_in(arrived)
        assert found == [uuid_of(1), uuid_of(2)]
        assert document.exists() and not list(spool.iterdir()), "nothing of its own is left"

    # --- failures --------------------------------------------------------------------------------------

    def test_a_peer_that_is_not_there_is_an_error_with_a_remedy(
        self, peer: SimulatedPeer, connect: Callable[[], Adapter], tmp_path: Path, spool: Path
    ) -> None:
        document = tmp_path / "document.xml"
        document.write_bytes(organisations(1))
        peer.fail()
        calls: dict[Capability, Callable[[], Any]] = {
            Capability.PULL: lambda: self.pull(connect()),
            Capability.PUSH: lambda: self.push(connect(), document),
        }
        for capability, call in calls.items():
            if capability in self.kind.capabilities:
                with pytest.raises(SyncError) as caught:
                    call()
                assert caught.value.message and caught.value.hint
        assert not list(spool.iterdir())
