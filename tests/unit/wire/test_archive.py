"""Archives of data sets: what is told in them, and zip files that are damaged or meant to do harm."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Callable

import pytest

from s3sync.core.errors import ProtocolError
from s3sync.wire import archive as wire_archive
from s3sync.wire.archive import MANIFEST, ArchivedDocument, ArchiveFile, Manifest, entry_of

NAME = entry_of("urn:uuid:7d3a")
MANY = 1000


def packed(path: Path, entries: dict[str, bytes], pack: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", pack) as out:
        for name, content in entries.items():
            out.writestr(name, content)
    return path


def test_a_document_is_found_by_the_identifier_of_its_task(tmp_path: Path) -> None:
    archive = ArchiveFile(packed(tmp_path / "a.zip", {NAME: b"<s3xml/>", "README.txt": b"?"}))
    assert archive.has(NAME) and not archive.has("urn:uuid:other.xml") and archive.manifest is None
    out = io.BytesIO()
    digest = archive.extract(NAME, out, MANY)
    assert out.getvalue() == b"<s3xml/>" and len(digest) == 64
    archive.close()


def test_what_an_archive_says_of_itself_is_read_as_it_was_written(tmp_path: Path) -> None:
    document = ArchivedDocument("org_office", True, ("~.name=A",), "ab" * 32, "cd" * 32, 7)
    told = Manifest("journal", 12, datetime(2026, 3, 1, 12), {NAME: document})
    archive = ArchiveFile(packed(tmp_path / "a.zip", {MANIFEST: told.to_bytes()}))
    assert archive.manifest == told
    archive.close()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"no JSON",
        b"[]",
        b"{}",
        b'{"journal": 1, "position": 2, "documents": {}}',
        b'{"journal": "no name", "position": 2, "documents": {}}',
        b'{"journal": "a.b", "position": 2, "documents": {}}',
        b'{"journal": "%s", "position": 2, "documents": {}}' % (b"x" * 81),
        b'{"journal": "\\ud800", "position": 2, "documents": {}}',
        b'{"journal": "x", "position": 1%s, "documents": {}}' % (b"0" * 4000),
        b"[" * 9000,
        b"\xff\xfe",
    ],
)
def test_a_manifest_that_is_none_tells_nothing(tmp_path: Path, text: bytes) -> None:
    archive = ArchiveFile(packed(tmp_path / "a.zip", {MANIFEST: text, NAME: b"x"}))
    assert archive.manifest is None and archive.has(NAME)
    archive.close()


def _twice(path: Path) -> Path:
    with pytest.warns(UserWarning), zipfile.ZipFile(path, "w") as out:
        out.writestr(NAME, b"one")
        out.writestr(NAME, b"two")
    return path


def _encrypted(path: Path) -> Path:
    content = bytearray(packed(path, {NAME: b"x" * 50}).read_bytes())
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    path.write_bytes(content)
    return path


def _named(name: str) -> Callable[[Path], Path]:
    return lambda path: packed(path, {name: b"x"})


def _raw(content: bytes) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        path.write_bytes(content)
        return path

    return write


def _cut(path: Path) -> Path:
    whole = packed(path, {NAME: b"y" * 5000}, zipfile.ZIP_STORED).read_bytes()
    path.write_bytes(whole[:3000])
    return path


def _list_of_any_size(path: Path) -> Path:
    content = bytearray(packed(path, {NAME: b"x"}).read_bytes())
    at = content.index(b"PK\x05\x06")
    content[at + 12 : at + 16] = (0xFFFFFFF0).to_bytes(4, "little")
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "make",
    [
        _raw(b""),
        _raw(b"<html>Log in</html>"),
        _raw(b"PK\x05\x06" + b"\xff" * 18),
        _raw(b"PK\x03\x04" + b"\0" * 100),
        _cut,
        _twice,
        _encrypted,
        _list_of_any_size,
        _named("/etc/passwd"),
        _named("../../x.xml"),
        _named("a\\b.xml"),
        _named("a\nb.xml"),
        _named("x" * 301),
        lambda path: packed(path, {NAME: b"x"}, zipfile.ZIP_BZIP2),
        lambda path: packed(path, {f"{at}": b"" for at in range(wire_archive.MOST_ENTRIES + 1)}),
    ],
)
def test_a_zip_file_that_is_no_archive_is_refused_with_what_to_do(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    with pytest.raises(ProtocolError) as caught:
        ArchiveFile(make(tmp_path / "a.zip"))
    assert "archive cannot be used" in caught.value.message and "anew" in caught.value.hint


def test_no_more_is_unpacked_than_a_document_may_have(tmp_path: Path) -> None:
    bomb = ArchiveFile(packed(tmp_path / "a.zip", {NAME: b"\0" * 10_000_000}))
    with pytest.raises(ProtocolError):
        bomb.extract(NAME, io.BytesIO(), MANY)
    bomb.close()


def test_an_entry_that_lies_about_its_size_ends_where_it_may(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {NAME: b"\0" * 10_000_000})
    content = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        start = content.index(mark) + at
        content[start : start + 4] = (10).to_bytes(4, "little")
    path.write_bytes(content)
    lying = ArchiveFile(path)
    out = io.BytesIO()
    with pytest.raises(ProtocolError):
        lying.extract(NAME, out, MANY)
    assert len(out.getvalue()) <= MANY
    lying.close()


def test_a_damaged_entry_is_no_document(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {NAME: json.dumps(list(range(500))).encode()})
    content = bytearray(path.read_bytes())
    content[80] ^= 0xFF
    path.write_bytes(content)
    damaged = ArchiveFile(path)
    with pytest.raises(ProtocolError):
        damaged.extract(NAME, io.BytesIO(), 100_000)
    damaged.close()
