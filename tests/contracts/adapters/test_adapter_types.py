"""The contract of repository types, of each that is here, against each kind of peer that it speaks to."""

from __future__ import annotations

import gzip
import inspect
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Callable

import pytest

from s3sync.adapters import adapter_types
from s3sync.adapters._by_files.at_server import AtServer
from s3sync.adapters.base import Adapter, Remote
from s3sync.adapters.cap import AlertsAdapter
from s3sync.adapters.data import DataAdapter
from s3sync.adapters.eden import EdenAdapter
from s3sync.adapters.folder import FolderAdapter
from s3sync.adapters.lines import Lines
from s3sync.adapters.stick import StickAdapter
from s3sync.adapters.testing import OWN_UUID, AdapterContract, SimulatedPeer, joined, organisations
from s3sync.core.clock import SystemClock
from s3sync.exchange.peer import Asking, Capability, Exchange, Link, PullResult, Sending
from s3sync.transport.limits import Limits
from s3sync.wire.carried.names import exchange_folder
from s3sync.wire.carried.state import State
from s3sync.wire.data_sets import PublishedSet, PublishedTask, Stamp, sets_document
from tests.support.peer import (
    PASSWORD,
    USER,
    Answer,
    Asked,
    Classic,
    FakePeer,
    Ours,
    Successor,
    authenticated,
)

A_SET = PublishedSet(Stamp("urn:set"), "SET", tasks=(PublishedTask(Stamp("urn:task"), "org_organisation"),))
THEIR_UUID = "urn:uuid:00000000-0000-4000-8000-0000000000bb"


class EdenPeer(SimulatedPeer):
    """An Eden on loopback, in one of its roles; a document that is given is sent as it is."""

    def __init__(self, server: FakePeer, role: Classic | Ours | Successor) -> None:
        self._server, self._role = server, role
        self._given: list[bytes] = []
        server.role = authenticated(self._answer)
        self.settings = {"url": server.url, "username": USER, "password": PASSWORD}

    def _answer(self, asked: Asked) -> Answer:
        if asked.method == "GET" and asked.value("resource") and self._given:
            return self._document(asked)
        if asked.path == "/eden/sync/dataset.xml":
            return Answer(body=sets_document([A_SET], "", parts=True).encode())
        return self._role(asked)

    def _document(self, asked: Asked) -> Answer:
        if not isinstance(self._role, Ours):
            return Answer(body=joined(self._given))
        number = int(asked.value("cursor") or 0)
        if number >= len(self._given):
            return Answer(body=paged(organisations(), number, more=False))
        return Answer(body=paged(self._given[number], number + 1, more=number + 1 < len(self._given)))

    def give(self, resource: str, document: bytes) -> None:
        self._given.append(document)

    def received(self, resource: str) -> list[bytes]:
        pushed = self._role.imported if isinstance(self._role, Successor) else self._role.pushed
        return [each.body for each in pushed]

    def fail(self) -> None:
        self._server.role = lambda asked: Answer(500, b"<html>Internal error</html>", "text/html")

    def lines(self, spool: Path) -> Lines:
        return Lines(spool, SystemClock(), Limits(read_timeout=3))


def paged(document: bytes, cursor: int, more: bool) -> bytes:
    attributes = f'<s3xml cursor="{cursor}" more="{"true" if more else "false"}" journal="theirs" '
    return document.replace(b"<s3xml ", attributes.encode(), 1)


class OfEden(AdapterContract):
    kind = EdenAdapter
    role: Callable[[], Classic | Ours | Successor]

    @pytest.fixture()
    def peer(self, tmp_path: Path) -> Iterator[SimulatedPeer]:
        with FakePeer() as server:
            yield EdenPeer(server, type(self).role())


class TestOurs(OfEden):
    role = Ours


class TestClassicEden(OfEden):
    role = Classic
    in_one_go = True


class TestSuccessorOfEden(OfEden):
    role = Successor
    in_one_go = True


class TestDataSetsOfOurs(OfEden):
    kind = DataAdapter
    role = Ours


class TestDataSetsOfAClassicEden(OfEden):
    kind = DataAdapter
    role = Classic
    in_one_go = True


class FolderPeer(SimulatedPeer):
    """A folder in which another site leaves its files and looks for ours."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.inbox, self.outbox = root / "in", root / "out"
        self.inbox.mkdir()
        self.outbox.mkdir()
        self.settings = {"path": str(self.inbox), "outbox": str(self.outbox)}

    def give(self, resource: str, document: bytes) -> None:
        number = len(list(self.inbox.iterdir()))
        (self.inbox / f"{resource}-{number:04d}-theirs.xml").write_bytes(document)

    def received(self, resource: str) -> list[bytes]:
        return [path.read_bytes() for path in sorted(self.outbox.glob(f"{resource}-*.xml"))]

    def fail(self) -> None:
        self.inbox.rename(self.root / "gone")
        self.outbox.rename(self.root / "gone too")

    def lines(self, spool: Path) -> Lines:
        return Lines(spool, SystemClock(), folder_roots=(self.root,))


class TestFolder(AdapterContract):
    kind = FolderAdapter

    @pytest.fixture()
    def peer(self, tmp_path: Path) -> Iterator[SimulatedPeer]:
        yield FolderPeer(tmp_path)


class StickPeer(SimulatedPeer):
    """A stick on which another site leaves its pages and finds ours, by the same type."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.stick = root / "stick"
        self.stick.mkdir()
        (root / "theirs").mkdir()
        self.settings = {"path": str(self.stick)}
        self._given = 0
        self._other().register_alone()

    def _other(self) -> OtherStick:
        remote = Remote(1, OWN_UUID, "this site", THEIR_UUID, "the peer", self.settings)
        return OtherStick(remote, self.lines(self.root / "theirs"))

    def give(self, resource: str, document: bytes) -> None:
        self._given += 1
        path = self.root / "theirs" / "page.xml"
        path.write_bytes(document)
        with self._other() as other:
            start = f"j.{self._given - 1}.t" if self._given > 1 else ""
            other.still_there(resource, "", {f"j.{number}.t" for number in range(self._given)})
            link = Link(start, f"j.{self._given}.t", 1)
            other.push(Exchange(resource), path, Sending("j", "", link=link))
            other.leave(State(THEIR_UUID, OWN_UUID, "the peer", self._given, 0, "j"))
        path.unlink()

    def received(self, resource: str) -> list[bytes]:
        pages = sorted((self.stick / exchange_folder(OWN_UUID, THEIR_UUID) / resource).glob("*.xml.gz"))
        return [gzip.decompress(page.read_bytes()) for page in pages]

    def fail(self) -> None:
        self.stick.rename(self.root / "gone")

    def lines(self, spool: Path) -> Lines:
        return Lines(spool, SystemClock(), folder_roots=(self.root,))


class OtherStick(StickAdapter):
    """The other site, which is here before."""

    def register_alone(self) -> None:
        self._place.greet(self._greeting)


class TestStick(AdapterContract):
    kind = StickAdapter

    @pytest.fixture()
    def peer(self, tmp_path: Path) -> Iterator[SimulatedPeer]:
        yield StickPeer(tmp_path)

    @pytest.fixture()
    def connect(self, peer: SimulatedPeer, spool: Path) -> Iterator[Callable[[], Adapter]]:
        yield lambda: self.kind(
            Remote(1, THEIR_UUID, "the peer", OWN_UUID, "this site", peer.settings), peer.lines(spool)
        )


class Forgetful(FolderAdapter):
    """Says what it took, and takes it again."""

    def pull(self, exchange: Exchange, asking: Asking) -> PullResult:
        return super().pull(exchange, replace(asking, cursor=""))


class Hasty(FolderAdapter):
    """Takes a file away before it is imported."""

    def pull(self, exchange: Exchange, asking: Asking) -> PullResult:
        found = super().pull(exchange, asking)
        for path in Path(self.remote.settings["path"]).iterdir():
            path.unlink()
        return found


class Boastful(FolderAdapter):
    """Declares what it does not do."""

    capabilities = FolderAdapter.capabilities | {Capability.REGISTER}


@pytest.mark.parametrize(
    ("kind", "test"),
    [
        (Forgetful, "test_what_was_taken_does_not_come_again_and_what_is_new_does"),
        (Hasty, "test_what_was_not_settled_comes_again"),
        (Hasty, "test_who_only_looks_takes_nothing"),
        (Boastful, "test_it_does_what_it_declares_and_declares_what_it_does"),
    ],
)
def test_a_type_that_breaks_the_contract_fails(
    kind: type[FolderAdapter], test: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = TestFolder()
    peer = FolderPeer(tmp_path)
    (tmp_path / "spool").mkdir()
    remote = Remote(1, None, "the peer", OWN_UUID, "this site", peer.settings)
    given = {"peer": peer, "connect": lambda: contract.kind(remote, peer.lines(tmp_path / "spool"))}
    method = getattr(contract, test)
    wanted = {name: given[name] for name in inspect.signature(method).parameters}
    method(**wanted)
    for path in peer.inbox.iterdir():
        path.unlink()
    monkeypatch.setattr(TestFolder, "kind", kind)
    with pytest.raises(AssertionError):
        method(**wanted)


def test_every_type_that_is_here_is_tested() -> None:
    tested = {
        each.kind
        for each in (
            TestOurs,
            TestClassicEden,
            TestSuccessorOfEden,
            TestDataSetsOfOurs,
            TestFolder,
            TestStick,
        )
    }
    left = set(adapter_types().values()) - tested - {AlertsAdapter}
    assert all(issubclass(each, AtServer) for each in left), (
        "those are in test_at_servers.py, alerts in test_cap.py"
    )
    text = (Path(__file__).parent / "test_at_servers.py").read_text(encoding="utf-8")
    assert [each.__name__ for each in left if f"kind, protocol = {each.__name__}," not in text] == []
