"""A page that a network puts in the place of a file is not taken for it; a file that is a page is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from s3sync.core.clock import SystemClock
from s3sync.core.errors import NotS3XML
from s3sync.transport.client import Transport
from s3sync.transport.resuming import Resuming
from s3sync.wire.part_store import PartStore
from tests.support.peer import Answer, FakePeer

PAGE = b"<html><head><title>Welcome to the airport</title></head><body>Log in to go on.</body></html>"
TYPE = "application/octet-stream"
Fetch = Callable[[Answer, bool], Path]


@pytest.fixture
def fetch(tmp_path: Path) -> Fetch:
    def fetched(answer: Answer, resumes: bool) -> Path:
        target = tmp_path / "uploads" / "file"
        with FakePeer() as peer:
            transport = Transport(peer.url, clock=SystemClock(), spool=tmp_path / "spool")
            transport.resuming = Resuming(PartStore(tmp_path / "parts", SystemClock(), 1_000_000), 1)
            peer.queue.append(answer)
            with transport:
                transport.fetch("/eden/sync/file/x", target, resumes=resumes)
        return target

    return fetched


@pytest.mark.parametrize("resumes", [False, True])
@pytest.mark.parametrize(
    ("body", "content_type"),
    [(PAGE, TYPE), (PAGE * 1000, TYPE), (b"Log in to go on", "text/html; charset=utf-8"), (b"", "TEXT/HTML")],
    ids=["page", "long page", "by its type", "empty page"],
)
def test_the_page_of_a_network_is_not_the_file(
    fetch: Fetch, tmp_path: Path, body: bytes, content_type: str, resumes: bool
) -> None:
    with pytest.raises(NotS3XML):
        fetch(Answer(body=body, content_type=content_type), resumes)
    assert list((tmp_path / "uploads").iterdir()) == []


def test_it_is_told_whose_page_came(fetch: Fetch) -> None:
    with pytest.raises(NotS3XML, match="Welcome to the airport"):
        fetch(Answer(body=PAGE, content_type="text/html"), False)


@pytest.mark.parametrize("content_type", [TYPE, "text/html"])
@pytest.mark.parametrize("size", [1, 1000])
def test_a_file_that_is_a_page_is_known_by_its_name_or_its_digest(
    fetch: Fetch, content_type: str, size: int
) -> None:
    body = PAGE * size
    named = {"Content-Disposition": 'attachment; filename="report.html"'}
    assert fetch(Answer(body=body, content_type=content_type, headers=named), False).read_bytes() == body
    tagged = {"ETag": f'"{hashlib.sha256(body).hexdigest()}"'}
    assert fetch(Answer(body=body, content_type=content_type, headers=tagged), True).read_bytes() == body


def test_a_digest_of_something_else_is_no_proof(fetch: Fetch) -> None:
    tagged = {"ETag": f'"{hashlib.sha256(b"another").hexdigest()}"'}
    with pytest.raises(NotS3XML):
        fetch(Answer(body=PAGE, content_type="text/html", headers=tagged), True)
