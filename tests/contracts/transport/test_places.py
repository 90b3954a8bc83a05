"""Places at servers, each by the contract of the port, and by what it does when something breaks halfway."""

from __future__ import annotations

import io
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from s3sync.core.clock import SystemClock
from s3sync.core.errors import (
    DocumentTooLarge,
    NotAuthenticated,
    PeerUnreachable,
    SyncError,
    TlsFailed,
)
from s3sync.transport.client import Transport
from s3sync.transport.limits import Limits
from s3sync.transport.places import names, spool
from s3sync.transport.places.ftp import FtpFolder
from s3sync.transport.places.s3 import S3Folder
from s3sync.transport.places.sftp import SftpFolder
from s3sync.transport.places.webdav import WebDavFolder
from tests.contracts.transport.storage_contract import StorageContract
from tests.support.file_servers import PASSWORD, USER, FileServer
from tests.support.file_servers.s3 import KEY, REGION, SECRET, S3Server
from tests.support.tls import self_signed

ftp = pytest.importorskip("tests.support.file_servers.ftp", reason="requirements-dev.txt is not installed")
sftp = pytest.importorskip("tests.support.file_servers.sftp", reason="requirements-dev.txt is not installed")
dav = pytest.importorskip("tests.support.file_servers.dav", reason="requirements-dev.txt is not installed")
pytest.importorskip("requests_aws4auth", reason="requirements-dev.txt is not installed")

QUICK = Limits(connect_timeout=5, read_timeout=5)


@pytest.fixture()
def root(tmp_path: Path) -> Path:
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


def spool_of(root: Path, limits: Limits = QUICK) -> spool.Spool:
    return spool.Spool(root.parent / "spool", limits)


def line_to(url: str, root: Path, user: str = "", password: str = "") -> Transport:
    return Transport(
        url, clock=SystemClock(), username=user, password=password, limits=QUICK, spool=root.parent / "spool"
    )


def ftp_to(server: Any, tls: ssl.SSLContext | None = None, **given: Any) -> FtpFolder:
    account = {"username": USER, "password": PASSWORD, **given}
    at = names.server_of(server.url, ("ftp", "ftps"))
    return FtpFolder(at, account["username"], account["password"], tls, spool_of(server.root))


def sftp_to(server: Any, **given: Any) -> SftpFolder:
    at = names.server_of(server.url, ("sftp",))
    found = {"username": USER, "password": PASSWORD, "private_key": "", "host_key": server.shown, **given}
    return SftpFolder(at, **found, spool=spool_of(server.root))


def dav_to(server: Any, password: str = PASSWORD) -> WebDavFolder:
    return WebDavFolder(line_to(server.url, server.root, USER, password), spool_of(server.root))


def s3_to(server: S3Server, secret: str = SECRET, region: str = REGION) -> S3Folder:
    return S3Folder(line_to(server.url, server.root), KEY, secret, region, spool_of(server.root))


class AtServer(StorageContract):
    """What a place at a server does beyond the contract of all places."""

    #: Whether a file appears under its name only when all of it is there, by way of another name.
    writes_beside = True

    @pytest.fixture()
    def server(self, root: Path) -> Iterator[FileServer]:
        raise NotImplementedError

    @pytest.fixture()
    def storage(self, server: FileServer) -> Iterator[Any]:
        place = self.connect(server)
        yield place
        place.close()

    def connect(self, server: Any, wrong: bool = False) -> Any:
        raise NotImplementedError

    def test_what_is_large_goes_there_and_back(self, storage: Any) -> None:
        content = bytes(range(256)) * 4096 * 2
        assert storage.write("large.bin", io.BytesIO(content)) == len(content)
        assert self.text(storage, "large.bin") == content

    def test_names_in_other_languages_and_with_signs_are_names(self, storage: Any) -> None:
        for name in ("Büro & Lager #1.xml", "مكتب.xml", "a+b %20.xml"):
            storage.write(name, io.BytesIO(name.encode()))
            assert self.text(storage, name) == name.encode()
            assert name in [entry.name for entry in storage.list("")]
            storage.remove(name)

    def test_an_empty_file_is_a_file(self, storage: Any) -> None:
        assert storage.write("empty.txt", io.BytesIO(b"")) == 0
        assert self.text(storage, "empty.txt") == b""

    def test_a_mark_is_another_one_after_another_content(self, storage: Any, server: FileServer) -> None:
        storage.write("one.txt", io.BytesIO(b"One"))
        (before,) = storage.list("")
        storage.write("one.txt", io.BytesIO(b"Other"))
        (after,) = storage.list("")
        assert (before.size, before.mark) != (after.size, after.mark)

    def test_a_write_that_breaks_off_leaves_the_former_file(self, storage: Any, server: FileServer) -> None:
        storage.write("one.txt", io.BytesIO(b"One"))
        server.cut = 1000
        if self.writes_beside:
            with pytest.raises(SyncError) as caught:
                storage.write("one.txt", io.BytesIO(bytes(3_000_000)))
            assert caught.value.transient and caught.value.hint
        server.cut = None
        assert self.text(storage, "one.txt") == b"One", "and the connection is made anew"
        assert storage.write("one.txt", io.BytesIO(b"Two")) == 3
        assert server.names() == ["one.txt"], "what was left half is gone"

    def test_a_read_that_breaks_off_is_told(self, storage: Any, server: FileServer) -> None:
        storage.write("large.bin", io.BytesIO(bytes(3_000_000)))
        server.cut = 1000
        with pytest.raises(SyncError) as caught:
            storage.read("large.bin")
        assert caught.value.transient and caught.value.hint
        server.cut = None
        assert self.text(storage, "large.bin") == bytes(3_000_000)

    def test_a_server_that_is_full_says_so_and_keeps_what_is_there(
        self, storage: Any, server: FileServer
    ) -> None:
        storage.write("one.txt", io.BytesIO(b"One"))
        server.full = True
        with pytest.raises(SyncError) as caught:
            storage.write("one.txt", io.BytesIO(b"Two"))
        assert "one.txt" in caught.value.message and "Nothing was lost" in caught.value.hint
        assert self.text(storage, "one.txt") == b"One" and server.names() == ["one.txt"]

    def test_more_than_any_file_of_ours_is_not_received(
        self, storage: Any, server: FileServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        storage.write("large.bin", io.BytesIO(bytes(500_000)))
        monkeypatch.setattr(storage._spool, "_most", 100_000)
        with pytest.raises(DocumentTooLarge):
            storage.read("large.bin")
        monkeypatch.undo()
        assert self.text(storage, "large.bin") == bytes(500_000)

    def test_a_server_that_is_not_there_is_told(self, storage: Any, server: FileServer) -> None:
        server.stop()
        with pytest.raises(PeerUnreachable) as caught:
            storage.list("")
        assert caught.value.hint

    def test_a_server_that_went_away_and_came_back_is_used_again(self, storage: Any) -> None:
        storage.write("one.txt", io.BytesIO(b"One"))
        storage.close()
        assert self.text(storage, "one.txt") == b"One"

    def test_a_wrong_password_is_told_and_ends_the_run(self, server: FileServer) -> None:
        with pytest.raises(NotAuthenticated) as caught:
            self.connect(server, wrong=True).list("")
        assert PASSWORD not in caught.value.explain()

    def test_another_encoding_of_names_is_told_or_does_no_harm(
        self, storage: Any, server: FileServer
    ) -> None:
        storage.write("one.txt", io.BytesIO(b"One"))
        try:
            server.put("Büro.xml".encode("latin-1"), b"x")
        except (OSError, UnicodeDecodeError):
            pytest.skip("this server has no such names")
        try:
            found = [entry.name for entry in storage.list("")]
        except SyncError as error:
            assert error.message and error.hint
        else:
            assert "one.txt" in found
        assert self.text(storage, "one.txt") == b"One"


class TestFtp(AtServer):
    made: dict[str, Any] = {}

    @pytest.fixture()
    def server(self, root: Path) -> Iterator[FileServer]:
        server = ftp.FtpServer(root, **self.made)
        yield server
        server.stop()

    def connect(self, server: Any, wrong: bool = False) -> Any:
        return ftp_to(server, **({"password": "wrong"} if wrong else {}))


class TestFtpWithoutMlsd(TestFtp):
    made = {"mlsd": False}


class TestFtpThatReplacesNothing(TestFtp):
    made = {"replaces": False}


class TestFtps(TestFtp):
    @pytest.fixture()
    def server(self, root: Path) -> Iterator[FileServer]:
        pytest.importorskip("OpenSSL")
        self.certificate = self_signed(root.parent / "certificate.pem")
        server = ftp.FtpServer(root, certificate=self.certificate.file)
        yield server
        server.stop()

    def connect(self, server: Any, wrong: bool = False) -> Any:
        trusting = ssl.create_default_context(cafile=str(self.certificate.file))
        return ftp_to(server, trusting, **({"password": "wrong"} if wrong else {}))

    def test_a_certificate_that_nobody_vouches_for_is_refused(self, server: Any) -> None:
        with pytest.raises(TlsFailed, match="cannot be verified"):
            ftp_to(server, ssl.create_default_context()).list("")


def test_a_server_without_tls_gets_no_password(root: Path) -> None:
    server = ftp.FtpServer(root)
    server.url = server.url.replace("ftp:", "ftps:")
    with pytest.raises(TlsFailed, match="does not speak TLS") as caught:
        ftp_to(server, ssl.create_default_context()).list("")
    assert "can be read on the way" in caught.value.hint
    server.stop()


class TestSftp(AtServer):
    posix_rename = True

    @pytest.fixture()
    def server(self, root: Path) -> Iterator[FileServer]:
        server = sftp.SftpServer(root, self.posix_rename)
        yield server
        server.stop()

    def connect(self, server: Any, wrong: bool = False) -> Any:
        return sftp_to(server, **({"password": "wrong"} if wrong else {}))


class TestSftpWithoutPosixRename(TestSftp):
    posix_rename = False


class TestWebDav(AtServer):
    @pytest.fixture()
    def server(self, root: Path) -> Iterator[FileServer]:
        server = dav.DavServer(root)
        yield server
        server.stop()

    def connect(self, server: Any, wrong: bool = False) -> Any:
        return dav_to(server, "wrong" if wrong else PASSWORD)


class TestS3(AtServer):
    #: What is not whole has another digest than the signature says.
    writes_beside = False

    @pytest.fixture()
    def server(self, root: Path) -> Iterator[FileServer]:
        server = S3Server(root)
        yield server
        server.stop()

    def connect(self, server: Any, wrong: bool = False) -> Any:
        return s3_to(server, "wrong" if wrong else SECRET)
