"""Requests and replies, as an Eden and as one of ours sends them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

import pytest

from s3sync.core.errors import BadRequest, FilterError, NotRegistered, PeerRefused, ProtocolError, StoreBusy
from s3sync.core.policy import Method, Policy
from s3sync.wire.filters import parse_filter
from s3sync.wire.protocol.names import CAPABILITIES, PeerCapability
from s3sync.wire.protocol.pull import PullRequest
from s3sync.wire.protocol.push import PushReply, PushRequest
from s3sync.wire.protocol.registration import RegistrationReply, RegistrationRequest
from s3sync.wire.protocol.replies import AnsweredWith200, failure
from s3sync.wire.protocol.times import format_msince, parse_msince


def variables(query: str) -> dict[str, Any]:
    """As web2py has them: a list only where a variable is repeated."""
    parsed = parse_qs(query, keep_blank_values=True)
    return {name: values if len(values) > 1 else values[0] for name, values in parsed.items()}


@pytest.mark.parametrize("name", ["resource", "repository", "cursor", "checkpoint"])
def test_a_variable_that_no_database_takes_is_refused(name: str) -> None:
    given = {"resource": "org_office", name: "org_\x00"}
    with pytest.raises(BadRequest) as caught:
        PullRequest.from_vars(given)
    assert name in caught.value.message and caught.value.message.isprintable()


@pytest.mark.parametrize("journal", ["a\x00", "j" * 65])
def test_the_name_of_a_journal_is_short(journal: str) -> None:
    with pytest.raises(BadRequest):
        PushRequest.from_vars({"resource": "org_office", "journal": journal})
    assert PushRequest.from_vars({"resource": "org_office", "journal": "j" * 64}).journal == "j" * 64


def test_what_a_peer_says_about_itself_fits_into_every_database() -> None:
    told = {"status": "success", "sender": "urn:x", "message": "yes", "version": "1\x00\n" + "2" * 500}
    reply = RegistrationReply.from_json({**told, "capabilities": ["gzip", "\x00", "x" * 500]})
    assert reply.version is not None and reply.version.isprintable() and len(reply.version) == 64
    assert reply.capabilities == {"gzip"}
    for sender in ("a\x00", "x" * 129, "two\nlines"):
        with pytest.raises(ProtocolError):
            RegistrationReply.from_json({**told, "sender": sender})


# --- time ---------------------------------------------------------------------------------------------------


def test_msince() -> None:
    assert parse_msince("2026-03-01T08:00:00") == datetime(2026, 3, 1, 8)
    assert format_msince(datetime(2026, 3, 1, 8, 0, 0, 5)) == "2026-03-01T08:00:00"


@pytest.mark.parametrize(
    "text",
    ["2026-03-01T08:00", "2090-01-01", "2090-01-01T00:00:00Z", "2090-01-01T00:00:00.5",
     "2090-01-01T00:00:00+00:00", "2090-01-01 00:00:00",
     "yesterday", "", "2026-02-30T00:00:00", "2026-1-1T00:00:00"],
)  # fmt: skip
def test_an_msince_that_cannot_be_read_is_no_pull_of_everything(text: str) -> None:
    with pytest.raises(BadRequest, match="msince"):
        PullRequest.from_vars({"resource": "org_office", "msince": text})


# --- pull ---------------------------------------------------------------------------------------------------


def test_a_pull_by_an_active_eden() -> None:
    request = PullRequest.from_vars(
        variables(
            "resource=org_organisation&repository=urn:uuid:0067e05a&msince=2026-11-22T15:29:59"
            "&include_deleted=True&[~]~.name__like=P27%2A"
        )
    )
    assert request == PullRequest(
        "org_organisation",
        "urn:uuid:0067e05a",
        msince=datetime(2026, 11, 22, 15, 29, 59),
        filters=(parse_filter("[~]~.name__like", "P27*"),),
    )
    assert request.cursor is None


def test_a_pull_by_one_of_ours() -> None:
    request = PullRequest(
        "org_office",
        "urn:uuid:1",
        cursor="j.5.t",
        limit=1000,
        components=False,
        filters=(parse_filter("~.name", "a&b"), parse_filter("[org_organisation]~.acronym", "NONE")),
    )
    assert PullRequest.from_vars(variables(request.to_query())) == request
    assert "repository=urn:uuid:1&" in request.to_query()
    first = PullRequest("org_office", cursor="", limit=10)
    assert PullRequest.from_vars(variables(first.to_query())) == first


def test_repeated_filters_are_joined() -> None:
    request = PullRequest.from_vars({"resource": "org_office", "[~]~.name__like": ["A*", "*B"]})
    assert [each.values for each in request.filters] == [("A*",), ("*B",)]


@pytest.mark.parametrize("query", ["", "resource=", "resource=mixed"])
def test_mixed_resources_are_refused_as_an_eden_does(query: str) -> None:
    for request in (PullRequest, PushRequest):
        with pytest.raises(AnsweredWith200) as caught:
            request.from_vars(variables(query))
        status, body = failure(caught.value)
        assert status == 200
        assert body["status"] == "failed"
        assert body["statuscode"] == "400"
        assert body["message"] == "Mixed resource synchronization not supported"


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("resource=organisation", BadRequest),
        ("resource=org_office&limit=0", BadRequest),
        ("resource=org_office&limit=-1", BadRequest),
        ("resource=org_office&limit=many", BadRequest),
        ("resource=org_office&msince=2026-03-01T08:00:00&msince=2090-01-01T00:00:00", BadRequest),
        ("resource=org_office&resource=org_organisation", BadRequest),
        ("resource=org_office&[~]name=1", FilterError),
        ("resource=org_office&[~]$filter=~.code%20eq%20'FXO1'", FilterError),
    ],
)
def test_what_cannot_be_read_is_a_bad_request(query: str, error: type[BadRequest]) -> None:
    with pytest.raises(error) as caught:
        PullRequest.from_vars(variables(query))
    assert failure(caught.value)[0] == 400


# --- push ---------------------------------------------------------------------------------------------------


def test_a_push_by_an_active_eden() -> None:
    request = PushRequest.from_vars(
        variables(
            "resource=org_organisation&repository=urn:uuid:0067e05a&strategy=merge,create,update,delete"
            "&update_policy=NEWER&conflict_policy=MASTER&msince=2026-11-22T15:25:30"
        )
    )
    assert request == PushRequest(
        "org_organisation", "urn:uuid:0067e05a", tuple(Method), Policy.NEWER, Policy.MASTER
    )


def test_a_push_by_one_of_ours() -> None:
    request = PushRequest(
        "org_office", "r", (Method.CREATE,), Policy.THIS, Policy.OTHER, False, "journal", ""
    )
    assert PushRequest.from_vars(variables(request.to_query())) == request


@pytest.mark.parametrize("rule", ["strategy=create,drop", "update_policy=LUCK", "conflict_policy=LUCK"])
def test_a_rule_that_nobody_knows_is_a_bad_request(rule: str) -> None:
    with pytest.raises(BadRequest):
        PushRequest.from_vars(variables(f"resource=org_office&{rule}"))


def test_a_reply_of_an_eden() -> None:
    reply = PushReply.from_json(
        {
            "status": "success",
            "statuscode": "200",
            "message": "Validation error - invalid items ignored",
            "records": 2,
            "updated": [1, 2],
            "tree": {"$_org_office": []},
        }
    )
    assert (reply.records, reply.updated, reply.created) == (2, (1, 2), ())
    assert not reply.is_ours


def test_a_reply_of_ours() -> None:
    reply = PushReply(
        records=3,
        created=(4,),
        deleted=(5,),
        message="1 record was rejected",
        tree={"$_org_office": [{"@uuid": "x", "@error": "no"}]},
        outcomes={"created": 1, "deleted": 1, "unchanged": 1, "rejected": 1},
        journal="j",
        checkpoint="j.1.t",
        restored=True,
        files=("a.b.c.d.txt",),
        time=datetime(2026, 3, 1, 8),
    )
    body = json.loads(json.dumps(reply.to_json()))
    assert "updated" not in body
    assert PushReply.from_json(body) == reply


def test_a_failure_within_a_success_is_found() -> None:
    with pytest.raises(PeerRefused, match="not supported") as caught:
        PushReply.from_json({"status": "failed", "statuscode": "400", "message": "Mixed not supported"})
    assert caught.value.remote
    for reply in ([], {}, None, "x", {"records": 1}):
        with pytest.raises(ProtocolError):
            PushReply.from_json(reply)


def test_odd_replies_are_read_as_far_as_possible() -> None:
    reply = PushReply.from_json(
        {"status": "success", "records": "3", "created": "x", "tree": "t", "outcomes": [], "time": "noon"}
    )
    assert reply == PushReply()


# --- registration -------------------------------------------------------------------------------------------


def test_an_introduction() -> None:
    request = RegistrationRequest.from_body(
        b'{"uuid": "peer-1", "name": "x/eden", "apitype": "eden", "foo": 1}'
    )
    assert request == RegistrationRequest("peer-1", "x/eden")
    ours = RegistrationRequest("peer-1", "x", capabilities=frozenset(CAPABILITIES))
    assert RegistrationRequest.from_body(ours.to_body()) == ours
    assert RegistrationRequest.from_body(b'{"uuid": "peer-2"}').name == "peer-2"


@pytest.mark.parametrize("body", [b'{"name": "x"}', b'{"uuid": "", "name": "x"}', b'{"uuid": null}'])
def test_an_introduction_without_uuid_is_answered_as_an_eden_does(body: bytes) -> None:
    with pytest.raises(AnsweredWith200) as caught:
        RegistrationRequest.from_body(body)
    status, reply = failure(caught.value, sender="me")
    assert status == 200
    assert reply["message"] == "No repository identifier specified"
    assert reply["sender"] == "me"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b'{"uuid": 5}', b'{"uuid": "a\\nb"}'])
def test_rubbish_is_no_introduction(body: bytes) -> None:
    with pytest.raises(BadRequest) as caught:
        RegistrationRequest.from_body(body)
    assert failure(caught.value)[0] == 400


def test_replies_to_an_introduction() -> None:
    eden = {
        "status": "success",
        "statuscode": "200",
        "message": "Registration successful",
        "sender": "urn:uuid:7",
    }
    assert RegistrationReply.from_json(eden) == RegistrationReply("urn:uuid:7")
    ours = RegistrationReply("me", "hello", "0.1", frozenset(CAPABILITIES), datetime(2026, 3, 1))
    assert RegistrationReply.from_json(json.loads(json.dumps(ours.to_json()))) == ours
    with pytest.raises(ProtocolError):
        RegistrationReply.from_json({"status": "success", "sender": 5})


# --- errors -------------------------------------------------------------------------------------------------


def test_errors_say_what_to_do() -> None:
    status, body = failure(NotRegistered("Registration required"))
    assert status == 403
    assert body["statuscode"] == "403"
    assert body["error"] == "not_registered"
    assert body["hint"]
    assert body["transient"] is False
    assert failure(StoreBusy("locked"))[1]["transient"] is True


def test_a_capability_travels_by_its_name() -> None:
    assert [each.value for each in PeerCapability] == [
        "cursor",
        "gzip",
        "files",
        "nulls",
        "look",
        "together",
        "resume",
        "ahead",
        "prescribe",
        "listen",
        "columns",
        "two-ahead",
        "dict-3ac52034",
    ]
    sent = RegistrationRequest("peer-1", "x", capabilities=frozenset(PeerCapability)).to_body()
    assert json.loads(sent)["capabilities"] == [
        "ahead",
        "columns",
        "cursor",
        "dict-3ac52034",
        "files",
        "gzip",
        "listen",
        "look",
        "nulls",
        "prescribe",
        "resume",
        "together",
        "two-ahead",
    ]
