"""The contract of the types behind a server with files, each against a server of its kind, and what they share."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Callable

import pytest

from s3sync.adapters.base import Adapter, Remote
from s3sync.adapters.connection_test import Answer, Question
from s3sync.adapters.ftp import FtpFilesAdapter, FtpSiteAdapter
from s3sync.adapters.lines import Lines
from s3sync.adapters.s3 import S3FilesAdapter, S3SiteAdapter
from s3sync.adapters.sftp import SftpFilesAdapter, SftpSiteAdapter
from s3sync.adapters.testing import OWN_UUID, AdapterContract, SimulatedPeer, organisations, uuid_of
from s3sync.adapters.webdav import WebDavFilesAdapter, WebDavSiteAdapter
from s3sync.core.clock import SystemClock
from s3sync.core.errors import PeerRefused, SyncError
from s3sync.exchange.peer import Exchange, Link, Sending
from s3sync.transport.limits import Limits
from s3sync.transport.places import names
from s3sync.wire.carried.names import exchange_folder
from s3sync.wire.carried.state import State
from tests.support.file_servers import PASSWORD, USER, FileServer
from tests.support.file_servers.s3 import KEY, REGION, SECRET, S3Server
from tests.support.tls import self_signed

ftp = pytest.importorskip("tests.support.file_servers.ftp", reason="requirements-dev.txt is not installed")
sftp = pytest.importorskip("tests.support.file_servers.sftp", reason="requirements-dev.txt is not installed")
dav = pytest.importorskip("tests.support.file_servers.dav", reason="requirements-dev.txt is not installed")
pytest.importorskip("requests_aws4auth", reason="requirements-dev.txt is not installed")

THEIR_UUID = "urn:uuid:00000000-0000-4000-8000-0000000000bb"
MAKE: Mapping[str, Callable[[Path], FileServer]] = {
    "ftp": lambda root: ftp.FtpServer(root),
    "sftp": lambda root: sftp.SftpServer(root),
    "webdav": lambda root: dav.DavServer(root),
    "s3": S3Server,
}


def settings_of(server: Any) -> dict[str, Any]:
    """Return what a person enters for a server."""
    if isinstance(server, S3Server):
        return {"url": server.url, "username": KEY, "password": SECRET, "region": REGION}
    found = {"url": server.url, "username": USER, "password": PASSWORD}
    return {**found, "host_key": server.shown} if hasattr(server, "shown") else found


class AtServerPeer(SimulatedPeer):
    """A server with files.

    Args:
        root: a folder for this test.
        protocol: a key of ``MAKE``.
    """

    def __init__(self, root: Path, protocol: str) -> None:
        self.root = root
        for name in ("server", "theirs"):
            (root / name).mkdir()
        self.server = MAKE[protocol](root / "server")
        self.settings = settings_of(self.server)

    def content(self, name: str) -> bytes:
        if isinstance(self.server, S3Server):
            return self.server.objects[f"exchange/{name}"]
        return (self.server.root / name).read_bytes()

    def fail(self) -> None:
        self.server.stop()

    def lines(self, spool: Path) -> Lines:
        return Lines(spool, SystemClock(), Limits(connect_timeout=5, read_timeout=5))


class FilesPeer(AtServerPeer):
    """Another program, which puts its documents there."""

    def give(self, resource: str, document: bytes) -> None:
        number = len(self.server.names())
        self.server.put(f"{resource}-{number:04d}-theirs.xml".encode(), document)

    def received(self, resource: str) -> list[bytes]:
        return [self.content(name) for name in self.server.names() if not name.endswith("theirs.xml")]


class SitePeer(AtServerPeer):
    """Another site of ours, by the same type."""

    kind: type[Any]

    def __init__(self, root: Path, protocol: str, kind: type[Any]) -> None:
        super().__init__(root, protocol)
        self.kind = kind
        self._given = 0
        with self._other() as other:
            other._place.greet(other._greeting)

    def _other(self) -> Any:
        remote = Remote(1, OWN_UUID, "this site", THEIR_UUID, "the peer", self.settings)
        return self.kind(remote, self.lines(self.root / "theirs"))

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
        folder = f"{exchange_folder(OWN_UUID, THEIR_UUID)}/{resource}/"
        pages = [name for name in self.server.names() if name.startswith(folder)]
        return [gzip.decompress(self.content(name)) for name in pages]


class OfFiles(AdapterContract):
    protocol: str

    @pytest.fixture()
    def peer(self, tmp_path: Path) -> Iterator[SimulatedPeer]:
        peer = FilesPeer(tmp_path, self.protocol)
        yield peer
        peer.server.stop()

    def test_a_server_that_lies_about_times_brings_nothing_twice(
        self, peer: FilesPeer, connect: Callable[[], Adapter]
    ) -> None:
        peer.give("org_organisation", organisations(1))
        found, cursor = self.pull_all(connect)
        peer.server.still = True
        again, cursor = self.pull_all(connect, cursor)
        peer.give("org_organisation", organisations(2))
        more, _ = self.pull_all(connect, cursor)
        assert (found, again, more) == ([uuid_of(1)], [], [uuid_of(2)])

    def test_a_push_that_breaks_off_is_done_again_and_arrives_once(
        self, peer: FilesPeer, connect: Callable[[], Adapter], tmp_path: Path
    ) -> None:
        document = tmp_path / "document.xml"
        document.write_bytes(organisations(*range(1, 3000)))
        if not isinstance(peer.server, S3Server):
            peer.server.cut = 1000
            with pytest.raises(SyncError) as caught:
                self.push(connect(), document)
            assert caught.value.transient
            peer.server.cut = None
        self.push(connect(), document)
        (arrived,) = peer.received("org_organisation")
        assert arrived == document.read_bytes()


class OfSites(AdapterContract):
    protocol: str

    @pytest.fixture()
    def peer(self, tmp_path: Path) -> Iterator[SimulatedPeer]:
        peer = SitePeer(tmp_path, self.protocol, self.kind)
        yield peer
        peer.server.stop()

    @pytest.fixture()
    def connect(self, peer: SitePeer, spool: Path) -> Iterator[Callable[[], Adapter]]:
        opened: list[Adapter] = []

        def connected() -> Adapter:
            remote = Remote(1, THEIR_UUID, "the peer", OWN_UUID, "this site", peer.settings)
            opened.append(self.kind(remote, peer.lines(spool)))
            return opened[-1]

        yield connected
        for each in opened:
            each.close()

    def test_what_waits_is_not_fetched_to_see_that_it_is_whole(
        self, peer: SitePeer, connect: Callable[[], Adapter], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Until the other site has seen it and not taken it: then it may be damaged."""
        document = tmp_path / "document.xml"
        document.write_bytes(organisations(1))
        with connect() as adapter:
            adapter.push(Exchange("org_organisation"), document, Sending("j", "", link=Link("", "j.1.t", 1)))
            adapter.leave(State(OWN_UUID, THEIR_UUID, "this site", 7, 0, "j"))
        (page,) = [name for name in peer.server.names() if name.endswith("org_organisation/1.xml.gz")]
        damaged = bytes(len(peer.content(page)))
        peer.server.put(page.encode(), damaged)
        for seen, kept in ((0, 1), (7, 0)):
            with peer._other() as other:
                other.leave(State(THEIR_UUID, OWN_UUID, "the peer", 1, seen, "j"))
            with connect() as adapter:
                assert len(adapter.still_there("org_organisation", "", {"j.1.t"})) == kept

    def test_many_pages_cost_a_few_questions_more_than_one(
        self, peer: SitePeer, connect: Callable[[], Adapter], tmp_path: Path
    ) -> None:
        document = tmp_path / "document.xml"
        document.write_bytes(organisations(1))
        adapter: Any = connect()
        asked: Counter[str] = Counter()
        place = adapter.reached()
        for verb in ("list", "read", "make_folder"):
            setattr(place, verb, _counted(verb, getattr(place, verb), asked))
        adapter.still_there("org_organisation", "", set())
        for number in range(12):
            start = f"j.{number}.t" if number else ""
            link = Link(start, f"j.{number + 1}.t", 1)
            adapter.push(Exchange("org_organisation"), document, Sending("j", "", link=link))
        # By FTP it takes some lists to know that a file is not there.
        assert sum(asked.values()) < 12, asked
        assert len(peer.received("org_organisation")) == 12

    def test_what_others_have_in_the_same_place_is_left_alone(
        self, peer: SitePeer, connect: Callable[[], Adapter]
    ) -> None:
        if isinstance(peer.server, S3Server):
            peer.server.put(b"/site.json", b"of another program")
        else:
            (peer.server.root / "odd\x01folder").mkdir()
        with connect() as adapter:
            adapter.greet()


def _counted(verb: str, call: Callable[..., Any], asked: Counter[str]) -> Callable[..., Any]:
    def counted(name: str) -> Any:
        asked[verb] += 1
        return call(name)

    return counted


class TestFtpFiles(OfFiles):
    kind, protocol = FtpFilesAdapter, "ftp"


class TestFtpSite(OfSites):
    kind, protocol = FtpSiteAdapter, "ftp"


class TestSftpFiles(OfFiles):
    kind, protocol = SftpFilesAdapter, "sftp"


class TestSftpSite(OfSites):
    kind, protocol = SftpSiteAdapter, "sftp"


class TestWebDavFiles(OfFiles):
    kind, protocol = WebDavFilesAdapter, "webdav"


class TestWebDavSite(OfSites):
    kind, protocol = WebDavSiteAdapter, "webdav"


class TestS3Files(OfFiles):
    kind, protocol = S3FilesAdapter, "s3"


class TestS3Site(OfSites):
    kind, protocol = S3SiteAdapter, "s3"


# --- the connection test -------------------------------------------------------------------------------------


@pytest.fixture(params=sorted(MAKE))
def peer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FilesPeer]:
    peer = FilesPeer(tmp_path, request.param)
    yield peer
    peer.server.stop()


KINDS: dict[str, type[Adapter]] = {
    "FtpServer": FtpFilesAdapter,
    "SftpServer": SftpFilesAdapter,
    "DavServer": WebDavFilesAdapter,
    "S3Server": S3FilesAdapter,
}


def answers(peer: FilesPeer, tmp_path: Path, **changed: str) -> dict[Question, Answer]:
    kind = KINDS[type(peer.server).__name__]
    remote = Remote(1, None, "the peer", OWN_UUID, "here", {**peer.settings, **changed})
    with kind(remote, peer.lines(tmp_path / "spool")) as adapter:
        return {each.question: each.answer for each in adapter.test(60).findings}


def test_a_server_that_works_is_good_and_nothing_is_left_there(peer: FilesPeer, tmp_path: Path) -> None:
    found = answers(peer, tmp_path)
    assert found[Question.SERVER] is Answer.ANSWERS and found[Question.LOGIN] is Answer.ENTERED
    assert found[Question.READ] is Answer.READABLE and found[Question.WRITE] is Answer.WRITABLE
    assert peer.server.names() == []


def test_a_wrong_password_is_told(peer: FilesPeer, tmp_path: Path) -> None:
    found = answers(peer, tmp_path, password="wrong")
    assert found[Question.SERVER] is Answer.ANSWERS and found[Question.LOGIN] is Answer.KEPT_OUT
    assert found[Question.WRITE] is Answer.NOT_ASKED


def test_a_folder_that_is_not_there_is_told(peer: FilesPeer, tmp_path: Path) -> None:
    url = peer.settings["url"]
    missing = url.replace("/relief/", "/none/") if "/relief/" in url else f"{url.rstrip('/')}/none"
    found = answers(peer, tmp_path, url=missing)
    assert found[Question.LOGIN] is Answer.ENTERED and found[Question.READ] is Answer.NO_FOLDER_THERE


def test_a_server_that_is_full_is_told(peer: FilesPeer, tmp_path: Path) -> None:
    peer.server.full = True
    found = answers(peer, tmp_path)
    assert found[Question.READ] is Answer.READABLE
    assert found[Question.WRITE] in (Answer.FULL, Answer.READ_ONLY_THERE)


def test_ftp_in_clear_is_warned_of(tmp_path: Path) -> None:
    peer = FilesPeer(tmp_path, "ftp")
    assert answers(peer, tmp_path)[Question.SECRECY] is Answer.IN_CLEAR
    found = answers(peer, tmp_path, password="wrong")
    assert (found[Question.SECRECY], found[Question.LOGIN]) == (Answer.IN_CLEAR, Answer.KEPT_OUT)
    peer.server.stop()


@pytest.mark.parametrize(
    ("verify", "answer"), [("", Answer.CERTIFICATE), ("ca", Answer.ANSWERS), ("off", Answer.ANSWERS)]
)
def test_a_certificate_is_verified_as_the_operator_says(tmp_path: Path, verify: str, answer: Answer) -> None:
    pytest.importorskip("OpenSSL")
    certificate = self_signed(tmp_path / "certificate.pem")
    (tmp_path / "server").mkdir()
    server = ftp.FtpServer(tmp_path / "server", certificate=certificate.file)
    verifies: bool | str = {"": True, "ca": str(certificate.file), "off": False}[verify]
    lines = Lines(
        tmp_path / "spool", SystemClock(), Limits(connect_timeout=5, read_timeout=5), verify=verifies
    )
    remote = Remote(1, None, "the peer", OWN_UUID, "here", settings_of(server))
    with FtpFilesAdapter(remote, lines) as adapter:
        found = adapter.test(60)
    assert found.answer(Question.SERVER) is answer
    if answer is Answer.ANSWERS:
        assert found.answer(Question.SECRECY) is Answer.ENCRYPTED and found.passed
    server.stop()


# --- the key of a server -------------------------------------------------------------------------------------


def test_a_key_that_nobody_confirmed_is_shown_and_nothing_is_sent(tmp_path: Path) -> None:
    peer = FilesPeer(tmp_path, "sftp")
    server: Any = peer.server
    remote = Remote(1, None, "the peer", OWN_UUID, "here", {**peer.settings, "host_key": ""})
    with SftpFilesAdapter(remote, peer.lines(tmp_path / "spool")) as adapter:
        found = adapter.test(60)
        assert found.answer(Question.KEY) is Answer.KEY_NEW and not found.passed
        assert adapter.suggested(found) == {"host_key": server.shown}
        with pytest.raises(SyncError, match="Nobody has confirmed") as caught:
            adapter.greet()
    assert "compare the key" in caught.value.hint and not caught.value.transient
    assert server.asked == 0, "no password was sent"
    server.stop()


def test_another_key_than_the_confirmed_one_is_refused_and_nothing_is_sent(tmp_path: Path) -> None:
    peer = FilesPeer(tmp_path, "sftp")
    server: Any = peer.server
    server.key = type(server.key).generate()
    with pytest.raises(SyncError, match="another key than the confirmed one") as caught:
        remote = Remote(1, None, "the peer", OWN_UUID, "here", peer.settings)
        with SftpFilesAdapter(remote, peer.lines(tmp_path / "spool")) as adapter:
            adapter.greet()
    assert "Nothing was sent" in caught.value.hint and server.asked == 0
    assert answers(peer, tmp_path)[Question.KEY] is Answer.KEY_CHANGED
    server.stop()


def test_a_site_by_sftp_refuses_names_that_no_place_can_hold(tmp_path: Path) -> None:
    peer = SitePeer(tmp_path, "sftp", SftpSiteAdapter)
    with peer._other() as other, pytest.raises(PeerRefused):
        other.send_file("../x", tmp_path / "x")
    peer.server.stop()
    assert names.server_of("sftp://h/a%20b/", ("sftp",)).folder == "/a b"
