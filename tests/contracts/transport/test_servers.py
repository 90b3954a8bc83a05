"""What is special of each kind of server with files."""

from __future__ import annotations

import contextlib
import ftplib
import io
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from s3sync.core.errors import (
    ConfigurationError,
    DocumentTooLarge,
    NotAuthenticated,
    NotS3XML,
    PeerBusy,
    PeerFailed,
    PeerRefused,
    PeerUnreachable,
    ProtocolError,
    RedirectedElsewhere,
    StoreFull,
    SyncError,
)
from s3sync.transport.places import ftp as places_ftp
from s3sync.transport.places import sftp as places_sftp
from s3sync.transport.places.s3 import S3Folder
from tests.contracts.transport import test_places as places
from tests.support.file_servers import PASSWORD
from tests.support.file_servers.s3 import KEY, S3Server

paramiko = pytest.importorskip("paramiko", reason="requirements-dev.txt is not installed")
root = places.root


@pytest.fixture()
def s3(root: Path) -> Iterator[S3Server]:
    server = S3Server(root)
    yield server
    server.stop()


@pytest.fixture()
def dav(root: Path) -> Iterator[Any]:
    server = places.dav.DavServer(root)
    yield server
    server.stop()


@pytest.fixture()
def sftp(root: Path) -> Iterator[Any]:
    server = places.sftp.SftpServer(root)
    yield server
    server.stop()


# --- S3 --------------------------------------------------------------------------------------------------------


def test_a_list_of_several_pages_is_whole(s3: S3Server) -> None:
    names = [f"{number}.xml" for number in range(10)]
    for name in names:
        s3.put(name.encode(), b"x")
    s3.put(b"folder/inside.xml", b"x")
    found = places.s3_to(s3).list("")
    assert [each.name for each in found] == sorted([*names, "folder"])


def test_a_list_without_an_end_ends(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("s3sync.transport.places.s3.MOST_PAGES", 5)
    s3.broken_list = (
        b"<ListBucketResult><IsTruncated>true</IsTruncated>"
        b"<NextContinuationToken>x</NextContinuationToken></ListBucketResult>"
    )
    with pytest.raises(ProtocolError, match="no end"):
        places.s3_to(s3).list("")


def test_a_copy_that_fails_after_all_seemed_well_removes_nothing(s3: S3Server) -> None:
    place = places.s3_to(s3)
    place.write("one.txt", io.BytesIO(b"One"))
    s3.broken_copy = True
    with pytest.raises(PeerFailed):
        place.rename("one.txt", "two.txt")
    assert s3.names() == ["one.txt"]


def test_another_region_is_told_by_what_does_not_match(s3: S3Server) -> None:
    with pytest.raises(NotAuthenticated, match="SignatureDoesNotMatch"):
        places.s3_to(s3, region="us-east-1").list("")


def test_an_address_without_a_bucket_and_one_without_a_server_that_speaks_s3_are_told(
    s3: S3Server, dav: Any, root: Path
) -> None:
    server = s3.url.rpartition("/relief")[0]
    with pytest.raises(ConfigurationError, match="names no bucket"):
        S3Folder(places.line_to(server, root), KEY, "x", "", places.spool_of(root))
    with pytest.raises(ConfigurationError, match="NoSuchBucket"):
        other = S3Folder(
            places.line_to(f"{server}/none", root),
            KEY,
            "the secret key",
            "eu-central-1",
            places.spool_of(root),
        )
        other.list("")
    dav.answers["PUT"] = ("200 OK", [("Content-Type", "text/html")], b"<html>Welcome</html>")
    page = S3Folder(places.line_to(f"{dav.url}/b", root), KEY, "x", "", places.spool_of(root))
    with pytest.raises(ProtocolError, match="does not answer as a server that speaks S3"):
        page.write("one.txt", io.BytesIO(b"One"))


# --- WebDAV ----------------------------------------------------------------------------------------------------


def test_a_login_page_of_the_network_takes_nothing(dav: Any) -> None:
    page = ("200 OK", [("Content-Type", "text/html")], b"<html><title>Hotel Wi-Fi</title></html>")
    for method in ("PROPFIND", "PUT", "MOVE", "GET"):
        dav.answers[method] = page
    place = places.dav_to(dav)
    with pytest.raises(SyncError):
        place.list("")
    with pytest.raises(SyncError):
        place.write("one.txt", io.BytesIO(b"One"))


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        ("207 Multi-Status", [("Content-Type", "text/html")], NotS3XML),
        ("302 Found", [("Location", "http://127.0.0.1:9/login")], RedirectedElsewhere),
        ("405 Method Not Allowed", [], ProtocolError),
        ("423 Locked", [], PeerBusy),
        ("503 Service Unavailable", [], PeerBusy),
        ("507 Insufficient Storage", [], StoreFull),
        ("500 Internal Server Error", [], PeerFailed),
        ("409 Conflict", [], PeerRefused),
    ],
)
def test_what_a_server_answers_is_told_by_its_kind(
    dav: Any, status: str, headers: list[tuple[str, str]], expected: type[SyncError]
) -> None:
    dav.answers["PROPFIND"] = (status, headers, b"<html><title>Oh</title></html>")
    with pytest.raises(expected) as caught:
        places.dav_to(dav).list("")
    assert caught.value.message and caught.value.hint and PASSWORD not in caught.value.explain()


def test_a_folder_with_files_is_not_removed(dav: Any) -> None:
    place = places.dav_to(dav)
    place.make_folder("a")
    place.write("a/one.txt", io.BytesIO(b"One"))
    with pytest.raises(PeerRefused, match="not empty"):
        place.remove("a")
    assert dav.names() == ["a/one.txt"]


def test_a_file_in_gzip_stays_as_it_is_whatever_the_server_says_of_it(dav: Any) -> None:
    dav.answers["GET"] = ("200 OK", [("Content-Encoding", "gzip")], b"as it is")
    source = places.dav_to(dav).read("page.xml.gz")
    assert source is not None
    with source:
        assert source.read() == b"as it is"


# --- FTP ------------------------------------------------------------------------------------------------------


def test_a_file_that_cannot_be_replaced_just_now_stays(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that wants it gone before, and is busy when the new one shall get its name."""
    server = places.ftp.FtpServer(root, replaces=False)
    place = places.ftp_to(server)
    place.write("state", io.BytesIO(b"former"))
    rename = ftplib.FTP.rename

    def busy(line: Any, name: str, to: str) -> Any:
        if to == "state" and name.endswith(".part") and not (root / "state").exists():
            raise ftplib.error_temp("450 busy")
        return rename(line, name, to)

    monkeypatch.setattr(ftplib.FTP, "rename", busy)
    with pytest.raises(PeerBusy):
        place.write("state", io.BytesIO(b"new"))
    assert (root / "state").read_bytes() == b"former" and server.names() == ["state"]
    place.close()
    server.stop()


def test_a_server_that_tells_no_sizes_has_files_all_the_same(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "folder").mkdir()
    (root / "one.txt").write_bytes(b"One")
    server = places.ftp.FtpServer(root, mlsd=False)
    place = places.ftp_to(server)

    def unknown(line: Any, name: str) -> Any:
        raise ftplib.error_perm("500 Unknown command.")

    monkeypatch.setattr(ftplib.FTP, "size", unknown)
    assert [(each.name, each.is_folder) for each in place.list("")] == [("folder", True), ("one.txt", False)]
    source = place.read("one.txt")
    assert source is not None and source.read() == b"One"
    place.close()
    server.stop()


def test_an_answer_without_an_end_ends(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("s3sync.transport.places.ftp.MOST_LINES", 1000)
    endless = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        line, _ = endless.accept()
        with contextlib.suppress(OSError):
            for _ in range(10_000_000):
                line.sendall(b"220-Welcome\r\n" * 1000)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    at = places.names.server_of(f"ftp://127.0.0.1:{endless.getsockname()[1]}/", ("ftp",))
    place = places_ftp.FtpFolder(at, "me", "x", None, places.spool_of(root))
    with pytest.raises(ProtocolError, match="no end"):
        place.list("")
    thread.join(30)
    assert not thread.is_alive(), "the line is closed"
    endless.close()


# --- SFTP ------------------------------------------------------------------------------------------------------


def test_a_private_key_lets_in_also_from_a_field_of_one_line(sftp: Any, tmp_path: Path) -> None:
    key = paramiko.ECDSAKey.generate()
    key.write_private_key_file(str(tmp_path / "key"), password="of the key")
    sftp.user_key = paramiko.ECDSAKey(data=key.asbytes())
    text = (tmp_path / "key").read_text().replace("\n", " ")
    place = places.sftp_to(sftp, private_key=text, password="of the key")
    assert place.list("") == []
    place.close()
    with pytest.raises(ConfigurationError, match="private key of the repository cannot be read"):
        places.sftp_to(sftp, private_key=text, password="another").list("")


@pytest.mark.parametrize("password", [PASSWORD, "another"])
def test_a_server_that_wants_key_and_password_gets_both(
    sftp: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    key = paramiko.ECDSAKey.generate()
    key.write_private_key_file(str(tmp_path / "key"))
    door = places.sftp._Door
    monkeypatch.setattr(door, "check_auth_publickey", lambda *given: paramiko.AUTH_PARTIALLY_SUCCESSFUL)
    monkeypatch.setattr(door, "get_allowed_auths", lambda *given: "password")
    place = places.sftp_to(sftp, private_key=(tmp_path / "key").read_text(), password=password)
    if password == PASSWORD:
        assert place.list("") == []
    else:
        with pytest.raises(NotAuthenticated):
            place.list("")
    place.close()


def test_what_a_server_still_writes_of_a_broken_line_gets_into_no_new_file(sftp: Any, root: Path) -> None:
    """It works on what has come until it sees that the line is gone, and has the file open meanwhile."""
    place = places.sftp_to(sftp)
    sftp.cut = 100_000
    with pytest.raises(PeerUnreachable):
        place.write("one.txt", io.BytesIO(bytes(1_000_000)))
    sftp.cut = None
    with open(root / ".one.txt.part", "ab") as still_open:
        assert place.write("one.txt", io.BytesIO(b"One")) == 3
        still_open.write(b"late")
    assert (root / "one.txt").read_bytes() == b"One"
    place.close()


def test_a_key_that_is_not_sufficient_is_told(
    sftp: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = paramiko.ECDSAKey.generate()
    key.write_private_key_file(str(tmp_path / "key"))
    door = places.sftp._Door
    monkeypatch.setattr(door, "check_auth_publickey", lambda *given: paramiko.AUTH_PARTIALLY_SUCCESSFUL)
    monkeypatch.setattr(door, "get_allowed_auths", lambda *given: "keyboard-interactive")
    place = places.sftp_to(sftp, private_key=(tmp_path / "key").read_text(), password="")
    with pytest.raises(NotAuthenticated, match="keyboard-interactive"):
        place.list("")


def test_the_confirmed_kind_of_key_is_asked_for(sftp: Any) -> None:
    """A server has several keys; an update of a library must not look like another server."""
    place = places.sftp_to(sftp)
    assert place.list("") == []
    assert place._line is not None and place._line.host_key_type == sftp.key.get_name()
    place.close()
    only = sftp.shown.partition(" ")[2]
    other = places.sftp_to(sftp, host_key=only)
    assert other.list("") == [], "the fingerprint alone, as ssh-keygen tells it"
    other.close()
    with pytest.raises(SyncError, match=r"agree on no way|another key"):
        places.sftp_to(sftp, host_key=f"ssh-ed25519 {only}").list("")


def test_a_size_that_no_file_of_ours_has_is_refused_before_anything_is_asked_for(
    sftp: Any, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To ask for all of it ahead would fill the memory."""
    (root / "one.txt").write_bytes(b"One")
    place, asked = places.sftp_to(sftp), []
    assert place.list("")
    stat = paramiko.SFTPClient.stat

    def lies(client: Any, path: str) -> Any:
        found = stat(client, path)
        found.st_size = 2**60
        return found

    monkeypatch.setattr(paramiko.SFTPClient, "stat", lies)
    monkeypatch.setattr(paramiko.SFTPFile, "prefetch", lambda *given: asked.append(given))
    with pytest.raises(DocumentTooLarge):
        place.read("one.txt")
    assert asked == []
    place.close()


def test_what_is_no_ssh_is_told(s3: S3Server, root: Path) -> None:
    at = places.names.server_of(s3.url.replace("http:", "sftp:"), ("sftp",))
    place = places_sftp.SftpFolder(at, "me", "x", "", "", places.spool_of(root))
    with pytest.raises(SyncError) as caught:
        place.list("")
    assert caught.value.hint


def test_without_the_package_it_is_told_what_to_install(
    sftp: Any, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match="cannot speak SFTP") as caught:
        places.sftp_to(sftp).list("")
    assert "requirements-sftp.txt" in caught.value.hint
    with pytest.raises(ConfigurationError, match="cannot speak S3") as caught:
        places.s3_to(s3)
    assert "requirements-s3.txt" in caught.value.hint
