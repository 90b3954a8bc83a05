"""Answers that break off go on where they stopped, and are checked as a whole."""

from __future__ import annotations

import gzip
import hashlib
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest

from s3sync.core.clock import SystemClock
from s3sync.core.errors import DocumentTooLarge, SyncError, TruncatedDocument
from s3sync.core.retry import RetryPolicy
from s3sync.transport.client import Transport
from s3sync.transport.limits import Limits
from s3sync.transport.resuming import Resuming
from s3sync.wire.part_store import PartStore
from tests.support.peer import PASSWORD, USER, Answer, Asked, FakePeer

#: Nothing that packing makes small.
BODY = bytes(random.Random(1).choices(range(32, 127), k=300_000))
PATIENT = RetryPolicy(attempts=4, first_delay=0.0)


def tag_of(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()}"'


class Keeper:
    """Answers with a body, which breaks off again and again; goes on where it is asked to."""

    def __init__(self, body: bytes, cut: int = 70_000, packed: bool = False) -> None:
        self.body = gzip.compress(body, mtime=0) if packed else body
        self.headers = {"Content-Encoding": "gzip"} if packed else {}
        self.cut: int | None = cut
        self.forgets = False
        self.sent = 0
        self.offsets: list[int] = []

    def __call__(self, asked: Asked) -> Answer:
        wanted = re.fullmatch(r"bytes=(\d+)-", asked.headers.get("Range", ""))
        known = asked.headers.get("If-Range") == tag_of(self.body) and not self.forgets
        offset = int(wanted[1]) if wanted and known else 0
        self.offsets.append(offset)
        rest = self.body[offset:]
        headers = {**self.headers, "ETag": tag_of(self.body)}
        if offset:
            headers["Content-Range"] = f"bytes {offset}-{len(self.body) - 1}/{len(self.body)}"
        cut = self.cut if self.cut is not None and self.cut < len(rest) else None
        self.sent += len(rest) if cut is None else cut
        return Answer(206 if offset else 200, rest, headers=headers, cut=cut)


@pytest.fixture()
def peer() -> Iterator[FakePeer]:
    with FakePeer() as server:
        yield server


@pytest.fixture()
def connect(peer: FakePeer, tmp_path: Path) -> Callable[..., Transport]:
    def connected(role: Callable[[Asked], Answer], **limits: int) -> Transport:
        peer.role = role
        transport = Transport(
            peer.url,
            username=USER,
            password=PASSWORD,
            spool=tmp_path / "spool",
            clock=SystemClock(),
            limits=Limits(read_timeout=3, **limits),
        )
        transport.resuming = Resuming(PartStore(tmp_path / "parts", SystemClock(), 1000), 1)
        return transport

    return connected


def parts(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "parts").glob("*"))


def fetched(transport: Transport, tmp_path: Path) -> bytes:
    target = tmp_path / "uploads" / "file"
    PATIENT.run(lambda: transport.fetch("/eden/sync/file/x", target, resumes=True), sleep=lambda _: None)
    return target.read_bytes()


def downloaded(transport: Transport) -> bytes:
    reply = PATIENT.run(
        lambda: transport.download(transport.url + "/sync/sync.xml?a=1", resumes=True), sleep=lambda _: None
    )
    assert reply.path is not None
    found = reply.path.read_bytes()
    reply.discard()
    return found


def test_a_file_goes_on_however_often_it_breaks_off(
    connect: Callable[..., Transport], tmp_path: Path
) -> None:
    keeper = Keeper(BODY)
    assert fetched(connect(keeper), tmp_path) == BODY
    assert keeper.offsets[:3] == [0, 69_999, 139_998] and len(keeper.offsets) == 5
    assert keeper.sent <= len(BODY) + 4, "one byte is sent again for each break"
    assert parts(tmp_path) == []


@pytest.mark.parametrize("packed", [False, True])
def test_a_document_goes_on_as_it_is_on_the_line(
    connect: Callable[..., Transport], tmp_path: Path, packed: bool
) -> None:
    keeper = Keeper(BODY, packed=packed)
    assert downloaded(connect(keeper)) == BODY
    assert keeper.sent <= len(keeper.body) + len(keeper.offsets)
    assert parts(tmp_path) == [] and list((tmp_path / "spool").iterdir()) == []


def test_a_file_goes_on_in_a_later_run_and_a_document_does_not(
    connect: Callable[..., Transport], tmp_path: Path
) -> None:
    keeper = Keeper(BODY)
    for _ in range(2):
        with connect(keeper) as first, pytest.raises(TruncatedDocument):
            first.fetch("/eden/sync/file/x", tmp_path / "file", resumes=True)
    assert keeper.offsets == [0, 69_999] and len(parts(tmp_path)) == 1
    with connect(keeper) as transport, pytest.raises(TruncatedDocument):
        transport.download(transport.url + "/sync/sync.xml?number=1.a", resumes=True)
    assert len(parts(tmp_path)) == 1, "the next run asks by another number"


def test_what_changed_meanwhile_is_fetched_from_its_beginning(
    connect: Callable[..., Transport], tmp_path: Path
) -> None:
    keeper = Keeper(BODY)
    transport = connect(keeper)
    with pytest.raises(TruncatedDocument):
        transport.fetch("/eden/sync/file/x", tmp_path / "file", resumes=True)
    keeper.body = BODY[::-1]
    assert fetched(transport, tmp_path) == BODY[::-1]
    assert keeper.offsets[1] == 0 and parts(tmp_path) == []


def test_who_sends_everything_again_each_time_is_given_up(
    connect: Callable[..., Transport], tmp_path: Path
) -> None:
    keeper = Keeper(BODY)
    keeper.forgets = True
    with pytest.raises(TruncatedDocument):
        fetched(connect(keeper), tmp_path)
    assert keeper.offsets == [0] * 4, "the first attempt brought something, the others nothing new"


def test_a_body_that_is_not_what_its_digest_says_is_not_taken(
    connect: Callable[..., Transport], tmp_path: Path
) -> None:
    headers = {"ETag": tag_of(BODY[::-1])}
    transport = connect(lambda asked: Answer(body=BODY, headers=headers))
    with pytest.raises(TruncatedDocument):
        transport.fetch("/eden/sync/file/x", tmp_path / "file", resumes=True)
    assert parts(tmp_path) == [] and not (tmp_path / "file").exists()
    assert fetched(transport, tmp_path) == BODY, "somebody on the way changes bodies: tags are not looked at"


def test_another_part_than_was_asked_for_is_not_taken(
    connect: Callable[..., Transport], tmp_path: Path
) -> None:
    keeper = Keeper(BODY)
    transport = connect(keeper)
    with pytest.raises(TruncatedDocument):
        transport.fetch("/eden/sync/file/x", tmp_path / "file", resumes=True)

    def shifted(asked: Asked) -> Answer:
        rest = BODY[7:]
        headers = {"ETag": tag_of(BODY), "Content-Range": f"bytes 7-{len(BODY) - 1}/{len(BODY)}"}
        return Answer(206, rest, headers=headers)

    with pytest.raises(TruncatedDocument):
        connect(shifted).fetch("/eden/sync/file/x", tmp_path / "file", resumes=True)
    assert parts(tmp_path) == []
    with pytest.raises(TruncatedDocument):
        connect(shifted).fetch("/eden/sync/file/x", tmp_path / "file", resumes=True)


@pytest.mark.parametrize("tag", ["", "W/" + tag_of(BODY), '"abc"'])
def test_an_answer_without_a_digest_is_read_as_any_other(
    connect: Callable[..., Transport], tmp_path: Path, tag: str
) -> None:
    transport = connect(lambda asked: Answer(body=BODY, cut=100_000, headers={"ETag": tag} if tag else {}))
    with pytest.raises(SyncError) as caught:
        transport.fetch("/eden/sync/file/x", tmp_path / "file", resumes=True)
    assert caught.value.brought == 0 and parts(tmp_path) == []


def test_small_answers_are_not_worth_it(connect: Callable[..., Transport], tmp_path: Path) -> None:
    keeper = Keeper(BODY[:60_000], cut=50_000)
    with pytest.raises(TruncatedDocument):
        connect(keeper).fetch("/eden/sync/file/x", tmp_path / "file", resumes=True)
    assert parts(tmp_path) == []


def test_the_limit_holds_for_the_whole(connect: Callable[..., Transport], tmp_path: Path) -> None:
    keeper = Keeper(BODY)
    with pytest.raises(DocumentTooLarge):
        fetched(connect(keeper, file_size=200_000), tmp_path)
    assert parts(tmp_path) == []
    packed = Keeper(b"x" * 50_000_000 + BODY, packed=True)
    with pytest.raises(DocumentTooLarge):
        downloaded(connect(packed, document_size=10_000_000))


def test_nobody_is_asked_so_unless_it_is_wanted(
    connect: Callable[..., Transport], peer: FakePeer, tmp_path: Path
) -> None:
    keeper = Keeper(BODY)
    transport = connect(keeper)
    for _ in range(2):
        with pytest.raises(TruncatedDocument):
            transport.fetch("/eden/default/download/x", tmp_path / "file")
    assert [each.headers.get("Range") for each in peer.asked] == [None, None] and parts(tmp_path) == []
