"""What is sent: by mail, and to a webhook, which gets nothing secret, is not followed elsewhere and may hang."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from gluon import current

from s3sync.core.messages import FailureRecord
from s3sync.monitoring.notices import deliver as deliver
from s3sync.monitoring.notices.outbox import Channel, Message, MessageState
from s3sync.monitoring.notices.rules import THIS_SITE, Kind, Rule, Step
from s3sync.monitoring.notices.stored import StoredRule
from tests.support.peer import Answer, FakePeer, as_json
from tests.support.site import NOW, SampleSite

KEY = "a key that both know"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SampleSite:
    monkeypatch.setattr(current, "T", str, raising=False)
    return SampleSite(tmp_path)


@pytest.fixture
def chat() -> Iterator[FakePeer]:
    with FakePeer(lambda asked: as_json({"taken": True})) as peer:
        yield peer


def message(channel: Channel = Channel.WEBHOOK, subject: int = THIS_SITE, **given: Any) -> Message:
    told: dict[str, Any] = {"step": Step.RAISED, "figure": 3.0, **given}
    return Message(
        1,
        1,
        subject,
        channel,
        told["step"],
        told["figure"],
        NOW,
        NOW,
        MessageState.WAITING,
        0,
        NOW,
        None,
        None,
    )


def rule(site: SampleSite, webhook: str, kind: Kind = Kind.CONFLICTS, key: str | None = None) -> StoredRule:
    return StoredRule(Rule(1, kind, 1), True, "", webhook, site.vault.seal(key))


def test_a_webhook_gets_what_a_program_and_a_person_need_signed(site: SampleSite, chat: FakePeer) -> None:
    stored = rule(site, f"{chat.root}/hooks/42?token=t", key=KEY)
    assert deliver.send(site, stored, message()) is None
    (asked,) = chat.asked
    assert (asked.method, asked.target) == ("POST", "/hooks/42?token=t")
    told = json.loads(asked.body)
    assert told == {
        "version": 1,
        "event": "raised",
        "site": "Eden",
        "sent": f"{NOW:%Y-%m-%dT%H:%M:%SZ}",
        "rule": "conflicts",
        "limit": 1,
        "value": 3.0,
        "repository": None,
        "since": f"{NOW:%Y-%m-%dT%H:%M:%SZ}",
        "text": "Records that wait for a decision: 3.",
        "see": f"{site.base_url}/sync/index",
    }
    wanted = hmac.new(KEY.encode(), asked.raw, hashlib.sha256).hexdigest()
    assert asked.headers[deliver.SIGNATURE] == f"sha256={wanted}"
    assert KEY not in repr(asked) and "Authorization" not in asked.headers


def test_without_a_key_nothing_is_signed(site: SampleSite, chat: FakePeer) -> None:
    assert deliver.send(site, rule(site, chat.root), message()) is None
    assert deliver.SIGNATURE not in chat.asked[0].headers


def test_no_redirect_is_followed(site: SampleSite, chat: FakePeer) -> None:
    with FakePeer(lambda asked: as_json({})) as elsewhere:
        chat.queue.append(Answer(307, headers={"Location": f"{elsewhere.root}/other"}))
        problem = deliver.send(site, rule(site, chat.root), message())
    assert problem is not None and problem.code == "redirected_elsewhere" and elsewhere.asked == []


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_a_refusal_is_told_with_what_to_do(site: SampleSite, chat: FakePeer, status: int) -> None:
    chat.queue.append(Answer(status, b"no_service", "text/plain"))
    problem = deliver.send(site, rule(site, chat.root), message())
    assert problem is not None and str(status) in problem.message and problem.remedy


def test_an_answer_that_never_ends_is_not_read_to_its_end(
    site: SampleSite, chat: FakePeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.queue.append(Answer(200, b"x" * (deliver.LIMITS.reply_size + 1), "text/plain"))
    problem = deliver.send(site, rule(site, chat.root), message())
    assert problem is not None and problem.code == "document_too_large"
    monkeypatch.setattr(deliver, "LIMITS", replace(deliver.LIMITS, read_timeout=0.05))
    chat.queue.append(Answer(200, delay=2))
    problem = deliver.send(site, rule(site, chat.root), message())
    assert problem is not None and problem.code == "peer_unreachable"


def test_what_cannot_even_be_asked_is_a_problem_and_no_error(site: SampleSite) -> None:
    problem = deliver.send(site, rule(site, "http://127.0.0.1:9/"), message())
    assert problem is not None and problem.code == "peer_unreachable"
    problem = deliver.send(site, rule(site, "nowhere"), message())
    assert problem is not None and problem.code == "configuration"


def test_an_unexpected_error_of_one_does_not_stop_the_others(
    site: SampleSite, chat: FakePeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "post", lambda *given: 1 / 0)
    problem = deliver.send(site, rule(site, chat.root), message())
    assert problem == FailureRecord(None, "", "sync_error", "ZeroDivisionError: division by zero", "")


def test_a_certificate_is_checked_whatever_the_settings_say_of_other_sites(
    site: SampleSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    class Line:
        def __init__(self, url: str, **options: Any) -> None:
            seen.append(options["verify"])

        def __enter__(self) -> Line:
            return self

        def __exit__(self, *exc: object) -> None:
            return

        def send(self, *given: Any) -> None:
            return

    monkeypatch.setattr(deliver, "Transport", Line)
    monkeypatch.setattr(type(site.host.settings), "get_sync_verify_tls", lambda self: False)
    assert deliver.send(site, rule(site, "https://chat.example.org/"), message()) is None
    monkeypatch.setattr(type(site.host.settings), "get_sync_ca_bundle", lambda self: "/ca.pem")
    assert deliver.send(site, rule(site, "https://chat.example.org/"), message()) is None
    assert seen == [True, "/ca.pem"]


def test_a_mail_without_a_server_says_so(site: SampleSite) -> None:
    stored = rule(site, "")._replace(mail_to="a@example.org")
    problem = deliver.send(site, stored, message(Channel.MAIL))
    assert problem is not None and "a@example.org" in problem.message and "[mail]" in problem.remedy


SENTENCES = [
    (Kind.FAILED, Step.RAISED, 3, "The last 3 synchronizations with North failed."),
    (Kind.FAILED, Step.OVER, 0, "The synchronization with North works again."),
    (Kind.SILENT, Step.REMINDED, 24, "Nothing was heard of North since 2026-02-28 12:00 (UTC)."),
    (Kind.SILENT, Step.OVER, 0, "North was heard again."),
    (Kind.CLOCK, Step.RAISED, -90, "The clock of North is off by 90 s."),
    (Kind.CLOCK, Step.OVER, 1, "The clock of North is right again."),
    (Kind.DISK, Step.RAISED, 12.3, "Only 12 MB are free on the disk of this site."),
    (Kind.CONFLICTS, Step.RAISED, 2, "Records of North that wait for a decision: 2."),
    (Kind.CONFLICTS, Step.OVER, 0, "Enough was decided. Records of North that wait for a decision: 0."),
]


@pytest.mark.parametrize(("kind", "step", "figure", "sentence"), SENTENCES)
def test_each_notice_is_one_sentence(
    site: SampleSite, chat: FakePeer, kind: Kind, step: Step, figure: float, sentence: str
) -> None:
    key = int(site.db.sync_repository.insert(name="North", password="secret-of-north"))
    site.db.commit()
    stored = rule(site, chat.root, kind)
    assert deliver.send(site, stored, message(subject=key, step=step, figure=float(figure))) is None
    told = json.loads(chat.asked[0].body)
    assert told["text"] == sentence and "secret" not in repr(chat.asked)
    assert told["see"].endswith(f"/sync/repository/{key}") and told["event"] == step.value


def test_a_test_goes_on_each_way(site: SampleSite, chat: FakePeer) -> None:
    stored = rule(site, chat.root)._replace(mail_to="a@example.org")
    (mail, problem), (hook, fine) = deliver.test(site, stored)
    assert (mail, hook, fine) == (Channel.MAIL, Channel.WEBHOOK, None) and problem is not None
    assert json.loads(chat.asked[0].body)["event"] == "test"
