"""Messages in the reader's language, found by their codes."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from s3sync.core.errors import PeerUnreachable
from s3sync.core.messages import Message, Sentence, described, received, sent
from s3sync.core.policy import DecisionReason
from s3sync.web.screens import words as words
from s3sync.web.screens.words import errors as errors
from s3sync.web.screens.words import remedies as remedies
from s3sync.web.screens.words.messages import MessageWords


class Entry(NamedTuple):
    code: str | None
    message: str
    remedy: str | None = None
    params: Any = None


def german(text: str) -> str:
    """Stands for a translation: placeholders stay, so that what is filled in can be seen."""
    return f"<{text}>"


def entry_of(*lines: Message, remedy: Message | None = None, code: str | None = None) -> Entry:
    text = "\n".join(map(str, lines))
    return Entry(code or lines[0].code, text, str(remedy or ""), described(lines, remedy))


def test_a_percent_sign_of_another_site_is_no_placeholder() -> None:
    said = Sentence.RECORD_REJECTED.say(record="100%(x)s", reason="50% too much")
    assert str(said) == "100%(x)s was rejected: 50% too much"
    assert MessageWords(german).message(entry_of(said)) == "<100%(x)s was rejected: 50% too much>"


def test_a_known_message_is_told_in_the_readers_language() -> None:
    entry = entry_of(
        received({"created": 3, "rejected": 1}),
        Sentence.RECORD_REJECTED.say(record="org_office x", reason="too long"),
        Sentence.RECORD_CONFLICT.say(record="org_office y", reason=DecisionReason.NEWER_KEPT.message),
        Message("", "Said elsewhere."),
    )
    assert MessageWords(german).message(entry).splitlines() == [
        "<4 records received: <3 <created>>, <1 <rejected>>>",
        "<org_office x was rejected: too long>",
        "<org_office y was changed at both sites. <Ours is newer and was kept.>>",
        "Said elsewhere.",
    ]


@pytest.mark.parametrize(
    "stored, shown",
    [
        ("Policy NEWER: our version is newer and was kept.", "<Ours is newer and was kept.>"),
        ("A rule of another site.", "A rule of another site."),
    ],
    ids=["of the policy", "another"],
)
def test_an_entry_of_an_earlier_release_has_the_text_of_the_reason(stored: str, shown: str) -> None:
    entry = entry_of(Sentence.RECORD_CONFLICT.say(record="y", reason=stored))
    assert MessageWords(german).message(entry) == f"<y was changed at both sites. {shown}>"


def test_a_remedy_is_found_by_its_code() -> None:
    told = MessageWords(german)
    error = PeerUnreachable("No route")
    entry = entry_of(error.said, remedy=error.remedy, code=error.code)
    assert told.remedy(entry) == "<" + remedies.remedies(str)["peer_unreachable"] + ">"
    assert told.title(entry) == "<The other site cannot be reached>"
    assert told.message(entry) == "No route"


@pytest.mark.parametrize(
    "entry",
    [
        Entry(None, "Nothing new.", PeerUnreachable.default_hint),
        Entry(
            "silent", "Nothing new.", PeerUnreachable.default_hint, {"message": [{"text": "Nothing new."}]}
        ),
        Entry("x", "Nothing new.", PeerUnreachable.default_hint, {"message": [{"code": "x", "params": {}}]}),
        Entry("x", "Nothing new.", PeerUnreachable.default_hint, {"message": [{"code": "silent"}]}),
    ],
    ids=["before", "text", "a later version's sentence", "a later version's parameters"],
)
def test_what_is_not_known_is_told_as_it_is_stored(entry: Entry) -> None:
    told = MessageWords(german)
    assert told.message(entry) == "Nothing new." and told.remedy(entry) == PeerUnreachable.default_hint


SAMPLES: dict[str, Any] = {
    "count": 3,
    "seconds": 7,
    "status": 500,
    "outcomes": {"created": 3},
    "through": Sentence.THROUGH_PROXY.say(proxy="http://p"),
}


def names_in(sentence: Sentence) -> set[str]:
    found: set[str] = set()

    class Names(dict[str, str]):
        def __missing__(self, name: str) -> str:
            found.add(name)
            return ""

    sentence.value % Names()
    return found


@pytest.mark.parametrize("sentence", list(Sentence))
def test_every_sentence_is_known_in_the_readers_language(sentence: Sentence) -> None:
    given = {name: SAMPLES.get(name, f"({name})") for name in names_in(sentence)}
    said = {
        Sentence.RECORDS_RECEIVED: received({"created": 3}),
        Sentence.RECORDS_SENT: sent(3, {"created": 3}),
    }.get(sentence) or sentence.say(**given)
    told = MessageWords(german)
    entry = entry_of(said, remedy=said)
    shown = told.remedy(entry) if said.code in remedies.remedies(str) else told.message(entry)
    assert shown.startswith("<") and shown.endswith(">")
    assert all(str(value) in shown for value in given.values() if isinstance(value, (str, int)))


def test_codes_are_short_enough_for_their_column_and_mean_one_thing() -> None:
    codes = {each.code for each in (*Sentence, *DecisionReason)}
    assert len(codes) == len(Sentence) + len(DecisionReason) and max(map(len, codes)) <= 32
    assert not codes & errors.errors(str).keys()


def test_nothing_is_decided_by_text_where_words_are_chosen() -> None:
    folder = Path(str(words.__file__)).parent
    for path in folder.glob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        imported = {
            name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names
        }
        imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert "re" not in imported, path.name
