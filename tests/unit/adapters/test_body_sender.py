"""Bodies that are sent part by part to one of ours, and what the other site may say to that."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from s3sync.adapters._body_sender import BodySender
from s3sync.core.errors import DocumentTooLarge, PeerRefused, PeerUnreachable, SyncError, TruncatedDocument
from s3sync.core.limits import MEGABYTE
from s3sync.core.retry import RetryPolicy
from s3sync.transport.answer import Reply

URL = "http://peer/eden"
PATIENT = RetryPolicy(attempts=4, first_delay=0.0)


class Peer:
    """Stands in for the transport to a site that takes parts; what goes wrong is listed."""

    url = URL

    def __init__(self) -> None:
        self.have: dict[str, bytes] = {}
        self.wholes: list[int] = []
        self.parts: list[int] = []
        self.taken: list[bytes] = []
        self.asked = 0
        self.seconds = 0.0
        self.took = 1.0
        #: What happens to the next parts: an error before it is taken, or "answer" for a lost answer.
        self.faults: list[SyncError | str | None] = []
        self.breaks_wholes = False

    def now(self) -> float:
        return self.seconds

    def _told(self, url: str, **told: Any) -> Reply:
        return Reply(url, 200, {}, body=json.dumps({"status": "success", **told}).encode())

    def get(self, url: str) -> Reply:
        self.asked += 1
        return self._told(url, have=len(self.have.get(self._digest(url), b"")))

    @staticmethod
    def _digest(url: str) -> str:
        return url.partition("/part/")[2].partition("?")[0]

    def send(self, method: str, url: str, body: bytes | Path, headers: Mapping[str, str]) -> Reply:
        if "/part/" not in url:
            return self._take(url, body)
        assert isinstance(body, bytes)
        self.seconds += self.took
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, SyncError):
            raise fault
        digest, offset = self._digest(url), int(url.partition("&offset=")[2].partition("&")[0])
        held = self.have.get(digest, b"")
        if offset == len(held):
            self.have[digest] = held + body
            self.parts.append(len(body))
        if fault == "answer":
            raise PeerUnreachable("The answer got lost.")
        return self._told(url, have=len(self.have[digest]))

    def _take(self, url: str, body: bytes | Path) -> Reply:
        if isinstance(body, Path):
            self.wholes.append(body.stat().st_size)
            if self.breaks_wholes:
                raise PeerUnreachable("The line broke.")
            self.taken.append(body.read_bytes())
        else:
            assert body == b""
            found = self.have.get(url.partition("&body=")[2])
            if found is None:
                raise PeerRefused("Of this body nothing is here.")
            self.taken.append(found)
        return self._told(url)


@pytest.fixture()
def peer() -> Peer:
    return Peer()


@pytest.fixture()
def sender(peer: Peer) -> BodySender:
    return BodySender(peer, "urn:own", peer.now)  # type: ignore[arg-type]


def a_body(tmp_path: Path, size: int) -> Path:
    path = tmp_path / "body"
    path.write_bytes(random.Random(size).randbytes(size))
    return path


def send(sender: BodySender, body: Path, resumes: bool = True) -> Reply:
    return PATIENT.run(
        lambda: sender.send("POST", f"{URL}/sync/sync.xml?a=1", body, {}, resumes=resumes),
        sleep=lambda _: None,
    )


def test_on_a_good_line_a_page_goes_as_a_whole_and_a_large_file_in_parts_that_grow(
    peer: Peer, sender: BodySender, tmp_path: Path
) -> None:
    assert send(sender, a_body(tmp_path, 300_000)).sent == 0 and peer.wholes == [300_000]
    peer.took = 0.1
    large = a_body(tmp_path, 5 * MEGABYTE)
    assert send(sender, large).sent == 5 * MEGABYTE
    assert peer.taken[-1] == large.read_bytes() and len(peer.wholes) == 1
    assert peer.parts[:3] == [64 * 1024, 256 * 1024, MEGABYTE] and len(peer.parts) == 4


def test_after_a_break_pages_go_in_parts_of_what_the_line_takes_in_some_seconds(
    peer: Peer, sender: BodySender, tmp_path: Path
) -> None:
    peer.breaks_wholes, peer.took = True, 12.0
    body = a_body(tmp_path, 300_000)
    send(sender, body)
    assert peer.taken == [body.read_bytes()] and peer.wholes == [300_000]
    assert peer.parts[:3] == [65536, 16384, 16384]


def test_only_the_rest_is_sent_again_however_often_the_line_breaks(
    peer: Peer, sender: BodySender, tmp_path: Path
) -> None:
    peer.faults = [None, PeerUnreachable("broke"), "answer", None, "answer"] * 4
    body = a_body(tmp_path, 2 * MEGABYTE)
    send(sender, body)
    assert peer.taken == [body.read_bytes()] and sum(peer.parts) == 2 * MEGABYTE
    peer.asked = 0
    send(sender, body)
    assert peer.asked == 1 and sum(peer.parts) == 2 * MEGABYTE, "an answer that got lost costs no part again"


def test_a_line_that_takes_nothing_is_given_up(peer: Peer, sender: BodySender, tmp_path: Path) -> None:
    peer.faults = [PeerUnreachable("broke") for _ in range(10)]
    with pytest.raises(PeerUnreachable):
        send(sender, a_body(tmp_path, 2 * MEGABYTE))
    assert len(peer.faults) == 6 and peer.wholes == []


@pytest.mark.parametrize("refusal", [PeerRefused("no such address"), DocumentTooLarge("too large for parts")])
def test_who_takes_no_parts_gets_the_whole(
    peer: Peer, sender: BodySender, tmp_path: Path, refusal: SyncError
) -> None:
    peer.faults = [refusal]
    body = a_body(tmp_path, 2 * MEGABYTE)
    send(sender, body)
    assert peer.taken == [body.read_bytes()] and peer.parts == []


def test_a_site_of_before_gets_everything_as_before(peer: Peer, sender: BodySender, tmp_path: Path) -> None:
    send(sender, a_body(tmp_path, 5 * MEGABYTE), resumes=False)
    assert peer.asked == 0 and peer.wholes == [5 * MEGABYTE]


def test_parts_that_are_gone_are_sent_again(
    peer: Peer, sender: BodySender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = a_body(tmp_path, 2 * MEGABYTE)
    take, lost = peer._take, []

    def forgetful(url: str, sent: bytes | Path) -> Reply:
        if not lost:
            lost.append(1)
            peer.have.clear()
        return take(url, sent)

    monkeypatch.setattr(peer, "_take", forgetful)
    send(sender, body)
    assert peer.taken == [body.read_bytes()] and sum(peer.parts) == 4 * MEGABYTE


def test_a_refusal_of_the_body_itself_stays_one(
    peer: Peer, sender: BodySender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(url: str, sent: bytes | Path) -> Reply:
        raise PeerRefused("This resource is unknown.")

    monkeypatch.setattr(peer, "_take", refuse)
    with pytest.raises(PeerRefused):
        send(sender, a_body(tmp_path, 2 * MEGABYTE))
    monkeypatch.setattr(peer, "get", lambda url: peer._told(url, have=0))
    with pytest.raises(TruncatedDocument):
        send(sender, a_body(tmp_path, 2 * MEGABYTE))
