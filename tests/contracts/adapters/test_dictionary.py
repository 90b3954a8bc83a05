"""Small bodies are packed with the dictionary where the peer has the same one, and never for another site."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from s3sync.adapters.eden import EdenAdapter
from s3sync.core.cursor import RequestNumber
from s3sync.exchange.peer import Asking, Exchange, Sending
from s3sync.wire import dictionary as dictionary
from s3sync.wire.protocol.names import PeerCapability
from tests.support.peer import Answer, Asked, FakePeer, as_json, organisation, s3xml

WORDS = PeerCapability.DICTIONARY.value
ALL = frozenset(("cursor", "together", "gzip", WORDS))
SENDING = Sending("j", "c", number=RequestNumber(3, "t"))
PAGE = s3xml(organisation(1))


def taken(asked: Asked) -> Answer:
    """Answer as a site with the dictionary does."""
    packed = asked.headers.get("Content-Encoding") == WORDS
    pages = json.loads(b"".join(dictionary.unpack([asked.raw])) if packed else asked.body)
    assert [page for _, page in pages] == [PAGE.decode()]
    told = {"status": "success", "journal": "j2", "checkpoint": "c2", "outcomes": {"updated": 1}}
    body = json.dumps({"status": "success", "answers": [told], "more": " " * 200}).encode()
    small = dictionary.pack(body)
    if WORDS not in asked.headers["Accept-Encoding"] or small is None:
        return Answer(200, body, "application/json")
    return Answer(200, small, "application/json", {"Content-Encoding": WORDS})


def push(adapter: EdenAdapter) -> list[dict[str, int]]:
    results = adapter.push_together([(Exchange("org_organisation"), PAGE, SENDING)])
    return [dict(each.outcomes) for each in results if each is not None]


def test_both_directions_are_packed_with_it(peer: FakePeer, connect: Callable[..., EdenAdapter]) -> None:
    assert push(connect(taken, capabilities=ALL)) == [{"updated": 1}]
    (asked,) = peer.asked
    assert asked.headers["Content-Encoding"] == WORDS and len(asked.raw) < 250
    assert asked.headers["Accept-Encoding"] == f"gzip, {WORDS}"


def test_headers_that_say_nothing_new_are_left_out_of_one_of_ours(
    peer: FakePeer, connect: Callable[..., EdenAdapter]
) -> None:
    push(connect(taken, capabilities=ALL))
    names = ["Accept-Encoding", "Authorization", "Content-Encoding", "Content-Length", "Content-Type", "Host"]
    assert sorted(peer.asked[0].headers) == [*names, "User-Agent"]


@pytest.mark.parametrize(
    "capabilities", [(), ("cursor", "gzip"), ("cursor", "gzip", "together", "columns", "dict-ffffffff")]
)
def test_a_site_without_it_or_with_another_one_never_hears_of_it(
    peer: FakePeer, connect: Callable[..., EdenAdapter], capabilities: tuple[str, ...]
) -> None:
    adapter = connect(taken, capabilities=frozenset(capabilities))
    assert push(adapter) == [{"updated": 1}]
    peer.role = lambda asked: Answer(200, PAGE)
    adapter.pull(Exchange("org_organisation"), Asking("", 90)).discard()
    assert {each.headers["Accept-Encoding"] for each in peer.asked} == {"gzip"}
    assert WORDS not in {each.headers.get("Content-Encoding") for each in peer.asked}


@pytest.mark.parametrize("status", [400, 415])
def test_a_site_that_went_back_to_a_version_without_it_gets_the_same_packed_otherwise(
    peer: FakePeer, connect: Callable[..., EdenAdapter], status: int
) -> None:
    def before(asked: Asked) -> Answer:
        if asked.headers.get("Content-Encoding") == WORDS:
            return as_json({"status": "failed", "statuscode": str(status), "message": "unread"}, status)
        return taken(asked)

    adapter = connect(before, capabilities=ALL)
    assert push(adapter) == push(adapter) == [{"updated": 1}]
    # It is not tried again in this run.
    assert [each.headers.get("Content-Encoding") for each in peer.asked] == [WORDS, None, None]
    assert peer.asked[-1].headers["Accept-Encoding"] == "gzip"


def test_an_answer_with_it_is_a_document_like_any_other(
    peer: FakePeer, connect: Callable[..., EdenAdapter]
) -> None:
    small = dictionary.pack(PAGE)
    assert small is not None
    adapter = connect(lambda asked: Answer(200, small, headers={"Content-Encoding": WORDS}), capabilities=ALL)
    page = adapter.pull(Exchange("org_organisation"), Asking("", 90))
    assert page.path.read_bytes() == PAGE
    assert page.received == len(small)
    page.discard()
