"""Messages and failures as data: which sentence it is and what it fills in."""

from __future__ import annotations

from s3sync.core.errors import PeerUnreachable, SyncError
from s3sync.core.messages import (
    FailureRecord,
    Message,
    Sentence,
    bounded,
    described,
    read_failures,
    received,
    sent,
)
from s3sync.core.task import Activity
from s3sync.exchange.run.failures import Failure


def test_the_english_is_made_of_the_sentence_and_its_parameters() -> None:
    said = Sentence.SILENT.say(url="http://a", through=Sentence.THROUGH_PROXY.say(proxy="http://p"))
    assert str(said) == "http://a was silent for too long through the proxy http://p."
    assert said.as_json() == {
        "code": "silent",
        "params": {"url": "http://a", "through": {"code": "through_proxy", "params": {"proxy": "http://p"}}},
    }


def test_summaries_are_counted_in_english_as_ever() -> None:
    assert str(received({"updated": 2, "created": 1})) == "3 records received: 1 created, 2 updated."
    assert str(received({"created": 1})) == "1 record received: 1 created."
    assert (
        str(sent(1, {})) == "1 record sent." and str(sent(2, {"created": 2})) == "2 records sent: 2 created."
    )


def test_what_is_not_listed_is_counted() -> None:
    assert [str(each) for each in bounded(["a", "b", "c"], 2)] == ["a", "b", "... and 1 more."]
    assert [str(each) for each in bounded(["a", "b"], 2)] == ["a", "b"]


def test_an_error_carries_its_sentence_and_its_remedy_as_codes() -> None:
    error = PeerUnreachable(Sentence.SILENT.say(url="u", through=""), hint=Sentence.CHECK_PROXY.say())
    assert error.message == str(error) == "u was silent for too long."
    assert (error.said.code, error.said.params["url"]) == ("silent", "u")
    assert error.remedy.code == "check_proxy" and error.hint == Sentence.CHECK_PROXY.value
    plain = PeerUnreachable("No route")
    assert (plain.said.code, plain.remedy.code, plain.hint) == ("", plain.code, plain.default_hint)
    assert SyncError("x", hint="Ask Anna.").remedy.code == ""


def test_a_failure_is_kept_as_data_and_read_again() -> None:
    error = PeerUnreachable(Sentence.SILENT.say(url="u", through=""))
    record = Failure("org_office", Activity.PULL, error).record()
    assert read_failures([record._asdict()]) == [record]
    assert (record.resource, record.mode, record.code) == ("org_office", "pull", "peer_unreachable")
    assert (record.message, record.remedy) == (error.message, error.hint)
    assert read_failures(None) == []


def test_what_a_later_version_wrote_is_read_as_far_as_it_is_known() -> None:
    (record,) = read_failures([{"resource": "a", "code": "new", "message": "m", "odd": 1}])
    assert record == FailureRecord("a", "", "new", "m", "", None)


def test_what_is_known_by_nothing_keeps_no_parameters() -> None:
    assert described([Message("", "text")], Message("", "hint")) is None
