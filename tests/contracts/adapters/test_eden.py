"""What every adapter has to do, and what the eden adapter does with each kind of Eden at the other end."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Callable

import pytest

from s3sync.adapters import adapter_type, adapter_types
from s3sync.adapters.base import Adapter, Remote
from s3sync.adapters.eden import RESOURCE_URL, EdenAdapter
from s3sync.adapters.testing import OWN_UUID
from s3sync.core.errors import (
    ConfigurationError,
    HostileDocument,
    NotAuthenticated,
    NotS3XML,
    PeerFailed,
    PeerRefused,
    ProtocolError,
    SyncError,
    TruncatedDocument,
)
from s3sync.core.policy import Method, Policy
from s3sync.exchange.peer import Asking, Capability, Exchange, Sending
from s3sync.wire.filters import parse_filter
from tests.support.peer import (
    TICKET,
    UUID,
    Answer,
    Classic,
    FakePeer,
    Ours,
    Successor,
    as_json,
    organisation,
    s3xml,
)

ORGANISATIONS = Exchange(
    "org_organisation", strategy=(Method.CREATE, Method.UPDATE), update_policy=Policy.THIS
)


@pytest.fixture()
def document(tmp_path: Path) -> Path:
    path = tmp_path / "page.xml"
    path.write_bytes(s3xml(organisation(1), organisation(2), url="http://here/eden"))
    return path


def spooled(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "spool"
    return sorted(folder.iterdir()) if folder.exists() else []


# --- every type --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", adapter_types().values(), ids=list(adapter_types()))
def test_a_type_declares_itself(kind: type[Adapter]) -> None:
    assert kind.apitype and kind.label
    assert kind.capabilities <= frozenset(Capability)
    assert len({each.name for each in kind.settings}) == len(kind.settings)
    assert all(each.secret for each in kind.settings if each.name in ("password", "client_secret"))


def test_types_are_found_in_the_folder() -> None:
    assert adapter_type("eden") is EdenAdapter
    with pytest.raises(ConfigurationError) as caught:
        adapter_type("carrier pigeon")
    assert "eden" in caught.value.hint


# --- register ----------------------------------------------------------------------------------------------


def test_registration_at_each_kind_of_peer(peer: FakePeer, connect: Callable[..., EdenAdapter]) -> None:
    eden = connect(Classic()).register()
    assert (eden.uuid, eden.is_ours, eden.version) == (UUID, False, None)
    asked = peer.asked[-1]
    told = json.loads(asked.body)
    assert (told["uuid"], told["name"], told["apitype"]) == (OWN_UUID, "here", "eden")
    assert "cursor" in told["capabilities"]
    assert "attachment; filename=" in asked.headers["Content-Disposition"]
    ours = connect(Ours()).register()
    assert (ours.uuid, ours.is_ours, ours.version) == (UUID, True, "0.1.0")
    assert {"cursor", "gzip"} <= ours.capabilities


def test_a_registration_that_failed_with_status_200(connect: Callable[..., EdenAdapter]) -> None:
    told = {
        "status": "failed",
        "statuscode": "400",
        "message": "No repository identifier specified",
        "sender": UUID,
    }
    with pytest.raises(PeerRefused, match="No repository identifier specified"):
        connect(lambda asked: as_json(told)).register()


@pytest.mark.parametrize("sender", [None, "", 7, ["x"]])
def test_a_peer_that_does_not_say_who_it_is(connect: Callable[..., EdenAdapter], sender: object) -> None:
    with pytest.raises(ProtocolError):
        connect(lambda asked: as_json({"status": "success", "sender": sender})).register()


def test_a_wrong_password(connect: Callable[..., EdenAdapter]) -> None:
    with pytest.raises(NotAuthenticated) as caught:
        connect(Classic(), password="wrong").register()
    assert "password" in caught.value.hint and caught.value.remote


# --- offer -------------------------------------------------------------------------------------------------


def test_what_a_peer_offers(peer: FakePeer, connect: Callable[..., EdenAdapter]) -> None:
    offer = connect(Ours()).offer()
    assert offer is not None and (offer.uuid, offer.name, offer.version) == (UUID, "Headquarters", "0.1.0")
    assert offer.known and offer.time == datetime(2026, 3, 1, 8) and "cursor" in offer.capabilities
    found = offer.resource("org_office")
    assert found is not None and (found.title, found.records) == ("Org_Office", 1)
    assert offer.resource("pr_person") is None
    assert (peer.asked[-1].path, peer.asked[-1].value("repository")) == ("/eden/sync/offer.json", OWN_UUID)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(404, b"invalid function (sync/offer)", "text/html"),
        Answer(body=b"<html><body>x</body></html>", content_type="text/html"),
        as_json({"status": "failed", "message": "no"}),
        as_json({"status": "success", "sender": UUID}),
    ],
)
def test_an_eden_makes_no_offer(connect: Callable[..., EdenAdapter], answer: Answer) -> None:
    assert connect(lambda asked: answer).offer() is None


def test_an_offer_that_cannot_be_had_is_an_error(connect: Callable[..., EdenAdapter]) -> None:
    with pytest.raises(NotAuthenticated):
        connect(Ours(), password="wrong").offer()
    with pytest.raises(PeerFailed):
        connect(lambda asked: Answer(500, TICKET, "text/html")).offer()


# --- pull --------------------------------------------------------------------------------------------------


def test_pages_of_ours(peer: FakePeer, connect: Callable[..., EdenAdapter], tmp_path: Path) -> None:
    adapter = connect(Ours((organisation(1), organisation(2)), (organisation(3),)))
    first = adapter.pull(ORGANISATIONS, Asking(cursor="", limit=2))
    assert (first.is_ours, first.more, first.cursor, first.journal) == (
        True,
        True,
        "journal.1.token",
        "journal",
    )
    assert first.path.read_bytes().count(b"<resource") == 2 and first.received < first.size
    second = adapter.pull(ORGANISATIONS, Asking(cursor=first.cursor or "", limit=2))
    assert (second.more, second.cursor) == (False, "journal.2.token")
    assert [each.value("cursor") for each in peer.asked] == ["", "journal.1.token"]
    first.discard()
    second.discard()
    assert spooled(tmp_path) == []


class Receiving:
    """Remembers what it is told; from some moment on it does not want the page any more."""

    def __init__(self, looks: int = 1_000_000) -> None:
        self.cursors: list[str] = []
        self._looks = looks

    def next_begins(self, cursor: str, size: int) -> None:
        self.cursors.append(cursor)
        self.size = size

    def received(self, size: int) -> None:
        self._looks -= 1
        if self._looks < 0:
            raise KeyError("not wanted")


def test_where_the_next_page_begins_is_told_before_the_present_one_is_here(
    peer: FakePeer, connect: Callable[..., EdenAdapter], tmp_path: Path
) -> None:
    page = s3xml(organisation(1), cursor="j.2.t", more="true", journal="j")
    told = Answer(body=page, headers={"Eden-Sync-Cursor": "j.2.t"}, cut=len(page) - 5)
    adapter, receiving = connect(lambda asked: told), Receiving()
    asking = Asking("j.0.a", 50, ahead="j.1.b", receiving=receiving)
    with pytest.raises(TruncatedDocument):
        adapter.pull(Exchange("org_organisation"), asking)
    assert (receiving.cursors, receiving.size) == (["j.2.t"], len(page))
    assert [peer.asked[-1].value(name) for name in ("cursor", "ahead")] == ["j.0.a", "j.1.b"]
    told.cut = None
    with pytest.raises(KeyError, match="not wanted"):
        adapter.pull(Exchange("org_organisation"), replace(asking, receiving=Receiving(looks=0)))
    assert list((tmp_path / "spool").iterdir()) == []


def test_who_says_nothing_of_a_next_page_is_not_asked_ahead(
    peer: FakePeer, connect: Callable[..., EdenAdapter]
) -> None:
    receiving = Receiving()
    page = connect(Ours()).pull(Exchange("org_organisation"), Asking("", 50, receiving=receiving))
    page.discard()
    assert receiving.cursors == [] and peer.asked[-1].value("ahead") is None


def test_a_complete_document_of_an_eden(peer: FakePeer, connect: Callable[..., EdenAdapter]) -> None:
    adapter = connect(Classic(organisation(1)))
    exchange = Exchange(
        "org_organisation",
        components=False,
        filters=(parse_filter("[~]~.name__like", "P27*"), parse_filter("[org_office]~.name", "ä,b")),
    )
    result = adapter.pull(exchange, Asking(cursor="", limit=2, msince=datetime(2026, 3, 1, 8)))
    assert (result.is_ours, result.more, result.cursor) == (False, False, None)
    asked = peer.asked[-1]
    assert asked.value("msince") == "2026-03-01T08:00:00" and asked.value("mcomponents") == "None"
    assert asked.query[-2:] == [("[~]~.name__like", "P27*"), ("[org_office]~.name", "ä,b")]
    assert (asked.value("repository"), asked.value("include_deleted")) == (OWN_UUID, "True")


def test_an_eden_that_has_nothing(connect: Callable[..., EdenAdapter]) -> None:
    result = connect(Classic()).pull(ORGANISATIONS, Asking(cursor="", limit=2))
    assert not result.more and b"<resource" not in result.path.read_bytes()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(body=b"<!doctype html><html><title>Log in</title></html>"), NotS3XML),
        (Answer(body=b"<html><body>x</body></html>", content_type="text/html"), NotS3XML),
        (Answer(body=b"<rss/>"), NotS3XML),
        (Answer(body=b"hello"), NotS3XML),
        (Answer(body=b"  \n"), ProtocolError),
        (Answer(204), ProtocolError),
        (as_json({"status": "failed", "statuscode": "400", "message": "Mixed resource"}), PeerRefused),
        (as_json({"status": "success"}), ProtocolError),
        (Answer(500, TICKET, "text/html"), PeerFailed),
        (Answer(body=s3xml(organisation(1)), cut=100), TruncatedDocument),
        (Answer(403, b"Insufficient Privileges", "text/html"), SyncError),
    ],
)
def test_what_is_no_document_is_an_error_and_leaves_no_file(
    connect: Callable[..., EdenAdapter], tmp_path: Path, answer: Answer, kind: type[SyncError]
) -> None:
    with pytest.raises(kind) as caught:
        connect(lambda asked: answer).pull(ORGANISATIONS, Asking(cursor="", limit=2))
    assert caught.value.remote
    assert spooled(tmp_path) == []


def test_a_hostile_document_is_refused(connect: Callable[..., EdenAdapter], tmp_path: Path) -> None:
    hostile = b'<!DOCTYPE s3xml [<!ENTITY x SYSTEM "file:///etc/passwd">]><s3xml domain="a">&x;</s3xml>'
    with pytest.raises(HostileDocument):
        connect(lambda asked: Answer(body=hostile)).pull(ORGANISATIONS, Asking(cursor="", limit=2))
    assert spooled(tmp_path) == []


# --- push --------------------------------------------------------------------------------------------------


def test_a_push_to_ours(
    peer: FakePeer, connect: Callable[..., EdenAdapter], document: Path, tmp_path: Path
) -> None:
    role = Ours()
    role.wanted = ["doc_document.file.abc.eA==.txt"]
    adapter = connect(role, capabilities=frozenset(("cursor", "gzip")))
    result = adapter.push(ORGANISATIONS, document, Sending(journal="mine", checkpoint="journal.8.token"))
    assert (result.is_ours, result.records, result.checkpoint) == (True, 2, "journal.9.token")
    assert result.outcomes == {"created": 1, "unchanged": 1} and result.files == role.wanted
    asked = role.pushed[0]
    assert asked.body == document.read_bytes() and asked.headers["Content-Encoding"] == "gzip"
    assert (asked.value("update_policy"), asked.value("conflict_policy")) == ("OTHER", "NEWER")
    assert (asked.value("strategy"), asked.value("journal")) == ("create,update", "mine")
    assert asked.value("checkpoint") == "journal.8.token"
    stored = tmp_path / "file"
    stored.write_bytes(b"content")
    assert adapter.send_file(role.wanted[0], stored) == 7
    assert list(role.files.values()) == [b"content"]
    assert sorted(tmp_path.glob("*.gz")) == []


def test_a_push_to_a_classic_eden(connect: Callable[..., EdenAdapter], document: Path) -> None:
    role = Classic()
    result = connect(role).push(ORGANISATIONS, document, Sending(journal="mine", checkpoint=""))
    assert (result.is_ours, result.records, result.outcomes) == (False, 1, {"created": 1})
    asked = role.pushed[0]
    assert asked.body == document.read_bytes() and "Content-Encoding" not in asked.headers
    assert asked.headers["Content-Disposition"] == 'attachment; filename="org_organisation.xml"'


def test_records_that_an_eden_rejects_are_named(connect: Callable[..., EdenAdapter], document: Path) -> None:
    role = Classic()
    role.reply = {
        "status": "success",
        "statuscode": "200",
        "records": 1,
        "updated": [3],
        "message": "Validation error - invalid items ignored",
        "tree": {
            "$_org_organisation": [
                {
                    "@uuid": "urn:a",
                    "@error": "Validation error",
                    "name": "plain",
                    "country": {"@value": "XX", "@error": "country: value not allowed"},
                    "$_pr_contact": [{"@uuid": "urn:b", "@error": "value: required"}],
                },
                {"@uuid": "urn:c", "@error": "Validation error"},
            ]
        },
    }
    result = connect(role).push(ORGANISATIONS, document, Sending(journal="mine", checkpoint=""))
    assert result.outcomes == {"updated": 1, "rejected": 2}
    assert [(each.table, each.uuid) for each in result.refusals] == [
        ("org_organisation", "urn:a"),
        ("org_organisation", "urn:c"),
    ]
    assert result.refusals[0].reason == "country: value not allowed; value: required"


@pytest.mark.parametrize("status", [200, 400])
def test_failed_is_failed_whatever_the_status(
    connect: Callable[..., EdenAdapter], document: Path, status: int
) -> None:
    told = {"status": "failed", "statuscode": "400", "message": "Nonexistent or invalid resource"}
    with pytest.raises(PeerRefused, match="Nonexistent or invalid resource"):
        connect(lambda asked: as_json(told, status)).push(
            ORGANISATIONS, document, Sending(journal="m", checkpoint="")
        )


def test_a_login_page_is_no_success(connect: Callable[..., EdenAdapter], document: Path) -> None:
    page = Answer(body=b"<html><title>Portal</title></html>", content_type="text/html")
    with pytest.raises(NotS3XML, match="Portal"):
        connect(lambda asked: page).push(ORGANISATIONS, document, Sending(journal="m", checkpoint=""))


def test_a_lost_answer_is_transient(connect: Callable[..., EdenAdapter], document: Path) -> None:
    with pytest.raises(TruncatedDocument):
        connect(lambda asked: Answer(body=b'{"status": "success"}', cut=5)).push(
            ORGANISATIONS, document, Sending(journal="m", checkpoint="")
        )


# --- the successor -----------------------------------------------------------------------------------------


def test_the_successor_is_asked_what_it_has_once_a_run(
    peer: FakePeer, connect: Callable[..., EdenAdapter], document: Path
) -> None:
    role = Successor(organisation(1, "2026-04-01T00:00:00"))
    adapter = connect(role)
    result = adapter.push(ORGANISATIONS, document, Sending(journal="m", checkpoint=""))
    assert result.left_out == ["urn:uuid:00000000-0000-4000-8000-000000000001"]
    adapter.push(ORGANISATIONS, document, Sending(journal="m", checkpoint=""))
    assert len(role.pushed) == 1, "it fails at every push: once is enough"
    assert [each.method for each in peer.asked].count("GET") == 1, "its versions are asked for once"


def test_one_of_ours_that_fails_is_not_circumvented(
    connect: Callable[..., EdenAdapter], document: Path
) -> None:
    role = Successor(organisation(1))
    adapter = connect(role)
    adapter.remote = Remote(1, UUID, "peer", OWN_UUID, "here", capabilities=frozenset(("cursor",)))
    with pytest.raises(PeerFailed):
        adapter.push(ORGANISATIONS, document, Sending(journal="m", checkpoint=""))
    assert role.imported == []


def test_the_fallback_leaves_out_what_is_newer_there(
    connect: Callable[..., EdenAdapter], tmp_path: Path
) -> None:
    role = Successor(organisation(1, "2026-04-01T00:00:00"), organisation(2, "2026-02-01T00:00:00"))
    adapter = connect(role)
    document = tmp_path / "page.xml"
    document.write_bytes(
        s3xml(*(organisation(each, "2026-03-01T08:00:00") for each in (1, 2, 3)), url="a&amp;b")
    )
    result = adapter.push(ORGANISATIONS, document, Sending(journal="m", checkpoint=""))
    sent = role.imported[0].body
    assert b"Organisation 1<" not in sent and b"Organisation 2<" in sent and b"Organisation 3<" in sent
    assert b'url="a&amp;b"' in sent
    assert len(result.left_out) == 1 and RESOURCE_URL in result.learned and "left out" in result.note
    role.pushed.clear()
    adapter.remote = Remote(1, UUID, "peer", OWN_UUID, "here", capabilities=result.learned)
    adapter.push(ORGANISATIONS, document, Sending(journal="m", checkpoint=""))
    assert role.pushed == [] and len(role.imported) == 2


def test_the_fallback_goes_on_without_what_is_rejected(
    connect: Callable[..., EdenAdapter], document: Path
) -> None:
    role = Successor(organisation(9))
    bad = "urn:uuid:00000000-0000-4000-8000-000000000001"
    tree = {"$_org_organisation": [{"@uuid": bad, "@error": "name: too long"}]}
    role.replies = [{"status": "failed", "statuscode": "400", "message": "Validation error", "tree": tree}]
    adapter = connect(role)
    result = adapter.push(ORGANISATIONS, document, Sending(journal="m", checkpoint=""))
    assert [(each.uuid, each.reason) for each in result.refusals] == [(bad, "name: too long")]
    assert bad.encode() not in role.imported[1].body and result.outcomes["rejected"] == 1


def test_the_fallback_reports_what_it_cannot_mend(
    connect: Callable[..., EdenAdapter], document: Path
) -> None:
    role = Successor(organisation(9))
    role.replies = [{"status": "failed", "statuscode": "400", "message": "no way"}]
    adapter = connect(role)
    with pytest.raises(PeerRefused, match="no way"):
        adapter.push(ORGANISATIONS, document, Sending(journal="m", checkpoint=""))


# --- files -------------------------------------------------------------------------------------------------


def test_files_are_asked_for_under_our_name_of_the_site(
    peer: FakePeer, connect: Callable[..., EdenAdapter], tmp_path: Path
) -> None:
    adapter = connect(Classic(organisation(1)))
    # Nothing was pulled by this adapter: the record came in an earlier run, and the file was not there yet.
    for address in (
        "http://eden.example.org/eden/default/download/x.txt",
        "https://other.example.org:8443/site/default/download/x.txt",
        "default/download/x.txt",
    ):
        peer.queue.append(Answer(body=b"hello"))
        adapter.fetch(address, tmp_path / "x.txt")
        assert (tmp_path / "x.txt").read_bytes() == b"hello"
        assert peer.asked[-1].path == "/eden/default/download/x.txt"
        assert "Authorization" in peer.asked[-1].headers
    with pytest.raises(ProtocolError):
        adapter.fetch("http://elsewhere.example.org/eden/files/x.txt", tmp_path / "y.txt")
