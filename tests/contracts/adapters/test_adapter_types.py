"""The contract of repository types, of each that is here, against each kind of peer that it speaks to."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Callable

import pytest

from s3sync.adapters import adapter_types
from s3sync.adapters.base import Remote
from s3sync.adapters.eden import EdenAdapter
from s3sync.adapters.folder import FolderAdapter
from s3sync.adapters.lines import Lines
from s3sync.adapters.testing import OWN_UUID, AdapterContract, SimulatedPeer, joined, organisations
from s3sync.core.clock import SystemClock
from s3sync.exchange.peer import Asking, Capability, Exchange, PullResult
from s3sync.transport.limits import Limits
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
    tested = {each.kind for each in (TestOurs, TestClassicEden, TestSuccessorOfEden, TestFolder)}
    assert set(adapter_types().values()) == tested
