"""Bodies of requests and answers: when they are taken as packed, and when they may be packed."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gluon import HTTP

from s3sync.core.errors import (
    BadRequest,
    DocumentTooLarge,
    LengthRequired,
    TruncatedDocument,
    UnsupportedFormat,
)
from s3sync.web import bodies as bodies
from s3sync.wire import dictionary as dictionary
from s3sync.wire.protocol.names import PeerCapability

MOST = 100_000
# Without the present time, which would be in the names of tests: they must be the same in all processes.
PACKED = gzip.compress(b"<s3xml/>", mtime=0)


def asked(body: bytes, **headers: str) -> Any:
    env = SimpleNamespace(
        content_length=str(len(body)),
        http_content_encoding=None,
        http_accept_encoding=None,
        http_transfer_encoding=None,
        eden_asks_before_body=None,
    )
    vars(env).update(headers)
    return SimpleNamespace(env=env, body=io.BytesIO(body))


def taken(tmp_path: Path, request: Any, **options: Any) -> bytes:
    site: Any = SimpleNamespace(spool=tmp_path)
    with bodies.request_body(site, request, MOST, **options) as source:
        return source.read()


@pytest.mark.parametrize("body", [PACKED, b"<s3xml/>"])
def test_a_packed_document_is_seen_from_its_beginning_whatever_its_label(tmp_path: Path, body: bytes) -> None:
    assert taken(tmp_path, asked(body)) == b"<s3xml/>"


def test_a_file_that_is_an_archive_itself_arrives_as_it_is(tmp_path: Path) -> None:
    assert taken(tmp_path, asked(PACKED), is_file=True) == PACKED
    twice = gzip.compress(PACKED)
    assert taken(tmp_path, asked(twice, http_content_encoding="gzip"), is_file=True) == PACKED


def test_a_length_that_is_no_number_is_not_believed(tmp_path: Path) -> None:
    assert taken(tmp_path, asked(b"<s3xml/>", content_length="²")) == b"<s3xml/>"


@pytest.mark.parametrize(
    ("accepted", "packs"),
    [
        (None, False),
        ("identity", False),
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("x-gzip", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, identity", False),
        ("gzip;q=nonsense", True),
    ],
)
def test_an_answer_is_packed_where_that_is_wanted(accepted: Any, packs: bool) -> None:
    assert bodies._takes(asked(b"", http_accept_encoding=accepted), "gzip") is packs


WORDS = PeerCapability.DICTIONARY.value
DOCUMENT = b"<?xml version='1.0' encoding='utf-8'?>\n<s3xml success=\"true\" results=\"0\"></s3xml>"


def test_what_is_packed_with_the_dictionary_is_read_within_the_same_limit(tmp_path: Path) -> None:
    packed = dictionary.pack(DOCUMENT)
    assert packed is not None
    assert taken(tmp_path, asked(packed, http_content_encoding=WORDS)) == DOCUMENT
    bomb = dictionary.pack(b" " * 60_000)
    assert bomb is not None and len(bomb) < 1000
    site: Any = SimpleNamespace(spool=tmp_path)
    request = asked(bomb, http_content_encoding=WORDS)
    with pytest.raises(DocumentTooLarge), bodies.request_body(site, request, 50_000):
        pass
    with pytest.raises(TruncatedDocument):
        taken(tmp_path, asked(packed[:-1], http_content_encoding=WORDS))


def test_a_dictionary_that_is_not_here_is_refused_so_that_the_sender_uses_gzip(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedFormat) as found:
        taken(tmp_path, asked(b"x" * 20, http_content_encoding="dict-ffffffff"))
    assert found.value.http_status == 415 and "gzip" in found.value.hint


@pytest.mark.parametrize(
    ("accepted", "size", "coding"),
    [
        (f"gzip, {WORDS}", 400, WORDS),
        (f"gzip, {WORDS}", 50, None),
        (f"gzip, {WORDS}", 70_000, "gzip"),
        (f"gzip, {WORDS};q=0", 4000, "gzip"),
        ("gzip, dict-ffffffff", 4000, "gzip"),
        ("gzip", 400, None),
    ],
)
def test_a_small_answer_is_packed_with_the_dictionary_for_who_has_the_same_one(
    tmp_path: Path, accepted: str, size: int, coding: str | None
) -> None:
    settings = SimpleNamespace(get_sync_compression=lambda: True)
    site: Any = SimpleNamespace(spool=tmp_path, host=SimpleNamespace(settings=settings))
    request = asked(b"", http_accept_encoding=accepted)
    found: list[Any] = []
    response: Any = SimpleNamespace(headers={}, stream=lambda stream, **_: found.append(stream.read()))
    body = {"a": "b" * (size - 8)}
    bodies.packed_json_answer(site, request, response, body)
    assert response.headers.get("Content-Encoding") == coding
    assert response.headers["Content-Length"] == str(len(found[0]))
    plain = found[0]
    if coding is not None:
        plain = b"".join(dictionary.unpack(found)) if coding == WORDS else gzip.decompress(found[0])
    assert json.loads(plain) == body


def in_chunks(body: bytes, **more: object) -> Any:
    request = asked(b"", content_length="", http_transfer_encoding="Chunked")
    vars(request.env).update({"wsgi_input": io.BytesIO(body), "wsgi_input_terminated": True, **more})
    return request


@pytest.mark.parametrize("body", [PACKED, b"<s3xml/>"])
def test_a_body_in_chunks_is_read_where_the_server_hands_it_on(tmp_path: Path, body: bytes) -> None:
    assert taken(tmp_path, in_chunks(body)) == b"<s3xml/>"
    assert list(tmp_path.iterdir()) == []


def test_a_body_in_chunks_has_the_same_limit(tmp_path: Path) -> None:
    with pytest.raises(DocumentTooLarge):
        taken(tmp_path, in_chunks(b"x" * (MOST + 1)))
    with pytest.raises(BadRequest, match="no body"):
        taken(tmp_path, in_chunks(b""))


def test_where_the_server_does_not_hand_it_on_the_answer_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LengthRequired) as found:
        taken(tmp_path, in_chunks(b"<s3xml/>", wsgi_input_terminated=None))
    assert found.value.http_status == 411
    assert "Content-Length" in found.value.hint


def test_a_server_that_asks_is_told_how_much_is_taken(tmp_path: Path) -> None:
    with pytest.raises(HTTP) as found:
        taken(tmp_path, asked(b"", content_length=str(MOST), eden_asks_before_body=True))
    assert found.value.status == 204 and found.value.headers["X-Eden-Takes"] == str(MOST)
    with pytest.raises(DocumentTooLarge):
        taken(tmp_path, asked(b"", content_length=str(MOST + 1), eden_asks_before_body=True))
