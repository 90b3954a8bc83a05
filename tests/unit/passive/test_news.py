"""What is new of all resources: told as pulls would tell it, and remembered as they are."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from s3sync.core.errors import BadRequest, ForeignAccount, NotRegistered
from s3sync.database.tables.fields import new_uuid
from s3sync.passive import news as passive_news
from s3sync.passive.pull import idle_of, is_idle, pull
from s3sync.wire.filters import parse_filter
from s3sync.wire.protocol.news import MOST_PULLS, NewsQuestion
from s3sync.wire.protocol.pull import PullRequest
from tests.support.documents import ORG, PERSON
from tests.support.exchange import Pair
from tests.support.site import SampleSite
from tests.support.statements import statements

OFFICE = "org_office"
SENDER = "urn:uuid:field"
TABLES = (ORG, OFFICE, PERSON)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    own, other = SampleSite(tmp_path / "own"), SampleSite(tmp_path / "other")
    made = Pair(own, other, *TABLES)
    for name in ("at both", "still at both"):
        add(other, ORG, name=name)
    made.run()
    made.run()
    forget(made)
    yield made
    own.close()
    other.close()


def add(site: SampleSite, table: str, **values: Any) -> str:
    uuid = str(values.setdefault("uuid", new_uuid()))
    site.s3db[table].insert(**values)
    site.db.commit()
    return uuid


def forget(pair: Pair) -> None:
    pair.peer.questions.clear()
    pair.peer.pulls.clear()


def kinds(pair: Pair) -> list[str]:
    return [
        "whole" if each.pulls is not None else "digest" if each.after is None else "changes"
        for each in pair.peer.questions
    ]


def names(site: SampleSite) -> set[str]:
    return {row.name for row in site.db(site.s3db[ORG]).select()}


def test_an_idle_run_asks_once_by_the_digest_alone(pair: Pair) -> None:
    pair.run()
    assert (kinds(pair), pair.peer.pulls) == (["digest"], [])
    assert len(pair.peer.questions[0].to_body()) < 100


def test_small_news_travel_with_the_answer(pair: Pair) -> None:
    add(pair.other, ORG, name="new")
    add(pair.other, PERSON, first_name="Ann")
    pair.run()
    assert pair.peer.pulls == [] and "new" in names(pair.own)
    forget(pair)
    pair.run()
    pair.run()
    assert kinds(pair) == ["changes", "digest"], "its cursors have moved, and stand still again"
    assert [len(each.changes) for each in pair.peer.questions] == [2, 0]
    assert pair.peer.pulls == []


def test_what_has_changed_in_the_question_counts_also_where_its_answer_is_lost(pair: Pair) -> None:
    add(pair.other, ORG, name="new")
    pair.run()
    forget(pair)
    add(pair.other, ORG, name="newer")
    pair.peer.lose_answers = 1
    pair.run()
    # The other site remembers it by now, and this one does not know: it is the same question once more.
    assert kinds(pair) == ["changes", "changes"] and "newer" in names(pair.own)


def test_changes_of_a_question_that_is_not_the_last_one_are_not_understood(pair: Pair) -> None:
    add(pair.other, ORG, name="new")
    pair.run()
    forget(pair)
    repository = pair.other.known_repository(pair.peer.uuid)
    assert repository is not None
    digest, pulls = repository.states.question()
    for stored in ((digest, pulls[1:]), ("f" * 32, pulls), ("", [])):
        with pair.other.store.transaction():
            repository.states.save_question(*stored)
        asked = NewsQuestion(digest[::-1], "t", after=digest[:8], changes=(pulls[0],))
        assert not passive_news.news(pair.other, pair.peer.uuid, asked).known
        assert repository.states.question() == (stored[0], list(stored[1]))
    pair.run()
    assert kinds(pair) == ["changes", "whole"] and pair.peer.pulls == []


def test_a_task_that_came_or_went_makes_another_question() -> None:
    first = NewsQuestion.whole([PullRequest(name, SENDER, "") for name in TABLES])
    memory = first.memory
    assert (
        first.briefly(memory, by_changes=True) == first.briefly(first.digest, by_changes=False) == first.short
    )
    for names in (TABLES[1:], (*TABLES, "gis_location")):
        other = NewsQuestion.whole([PullRequest(name, SENDER, "") for name in names])
        assert other.briefly(memory, by_changes=True) == other
    moved = NewsQuestion.whole(
        [PullRequest(ORG, SENDER, "j.1.t"), *(PullRequest(name, SENDER, "") for name in TABLES[1:])]
    )
    brief = moved.briefly(memory, by_changes=True)
    assert brief.pulls is None and len(brief.changes) == 1
    assert NewsQuestion.from_body(brief.to_body()) == brief
    assert brief.changed(first.digest, first.pulls or ()) == list(moved.pulls or ())
    assert moved.briefly(memory, by_changes=False) == moved


def test_what_does_not_fit_is_pulled(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passive_news, "PAGE_SIZE", 2000)
    add(pair.other, ORG, name="small")
    add(pair.other, PERSON, first_name="Ann", comments="x" * 3000)
    pair.run()
    assert pair.peer.pulls == [PERSON]
    assert [row.first_name for row in pair.own.db(pair.own.s3db[PERSON]).select()] == ["Ann"]


def test_many_records_begin_with_the_answer_and_go_on_by_pulls(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passive_news, "MOST_RECORDS", 2)
    for number in range(7):
        add(pair.other, ORG, name=f"n{number}")
    pair.run()
    assert pair.peer.pulls == [ORG, ORG] and len(names(pair.own)) == 9


def test_a_lost_answer_costs_nothing(pair: Pair) -> None:
    add(pair.other, ORG, name="new")
    pair.peer.lose_answers = 1
    pair.run()
    assert "new" in names(pair.own)


def test_a_site_that_has_forgotten_the_question_is_sent_it_again(pair: Pair) -> None:
    repository = pair.other.known_repository(pair.peer.uuid)
    assert repository is not None
    with pair.other.store.transaction():
        repository.states.save_question("", [])
    pair.run()
    assert kinds(pair) == ["digest", "whole"] and pair.peer.pulls == []


def test_an_exchange_that_starts_over_there_is_noticed(pair: Pair) -> None:
    repository = pair.other.known_repository(pair.peer.uuid)
    assert repository is not None
    with pair.other.store.transaction():
        for table in TABLES:
            repository.states.forget(table)
    pair.run()
    assert kinds(pair) == ["digest"]
    assert not pair.peer.pulls, "what is compared again is small, so it came with the answer"
    pulled = pair.own.known_repository(str(pair.repository.uuid))
    assert pulled is not None and not pulled.states.pulled(ORG).again


def question(pair: Pair, *requests: PullRequest) -> NewsQuestion:
    return NewsQuestion.whole(requests)


def test_a_resource_that_cannot_be_asked_for_is_left_to_its_own_pull(pair: Pair) -> None:
    asked = question(
        pair,
        PullRequest(ORG, cursor="", filters=(parse_filter("~.nothing_such", "1"),)),
        PullRequest("no_such", cursor=""),
        PullRequest("auth_user", cursor=""),
        PullRequest(OFFICE, cursor=""),
    )
    answer = passive_news.news(pair.other, pair.peer.uuid, asked)
    assert list(answer.waits) == [ORG, "no_such", "auth_user"]


def test_a_defect_in_one_page_is_left_to_its_own_pull(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    is_idle = passive_news.is_idle

    def breaks(repository: Any, request: PullRequest, scope: Any) -> bool:
        if request.resource == ORG:
            raise ZeroDivisionError("a defect")
        return is_idle(repository, request, scope)

    add(pair.other, PERSON, first_name="Ann")
    monkeypatch.setattr(passive_news, "is_idle", breaks)
    asked = question(pair, PullRequest(ORG, cursor=""), PullRequest(PERSON, cursor=""))
    answer = passive_news.news(pair.other, pair.peer.uuid, asked)
    assert list(answer.waits) == [ORG] and PERSON in answer.pages


def test_filters_count(pair: Pair) -> None:
    chosen = (parse_filter("~.name__like", "A*"),)
    at = pair.own.repository(pair.repository.id).states.pulled(ORG).cursor
    asked = question(pair, PullRequest(ORG, cursor=at, filters=chosen))
    add(pair.other, ORG, name="Bandage")
    assert not passive_news.news(pair.other, pair.peer.uuid, asked).pages
    add(pair.other, ORG, name="Aid")
    assert "Aid" in passive_news.news(pair.other, pair.peer.uuid, asked).pages[ORG]


def test_more_resources_take_no_more_statements(pair: Pair) -> None:
    own = pair.own.repository(pair.repository.id).states
    cursors = {name: own.pulled(name).cursor for name in TABLES}

    def taken(*tables: str) -> int:
        asked = question(pair, *(PullRequest(name, cursor=cursors.get(name, "")) for name in tables))
        passive_news.news(pair.other, pair.peer.uuid, asked)
        with statements() as calls:
            assert not passive_news.news(pair.other, pair.peer.uuid, asked.short).waits
        return len(calls)

    many = (
        *TABLES,
        "gis_location",
        "doc_document",
        "cr_shelter",
        "hms_hospital",
        "event_event",
        "pr_contact",
    )
    pair.other.clock.step(60)
    few = taken(ORG)
    assert 0 < taken(*many) <= few


def test_who_may_ask(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotRegistered):
        passive_news.news(pair.other, "urn:uuid:nobody", question(pair))
    repository = pair.other.known_repository(pair.peer.uuid)
    assert repository is not None
    with pair.other.store.transaction():
        repository.update(account_id=77)
    monkeypatch.setattr(type(pair.other.host), "user_id", 78)
    with pytest.raises(ForeignAccount):
        passive_news.news(pair.other, pair.peer.uuid, question(pair))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"digest": 1, "token": "a"}',
        b'{"digest": "0123456789abcdef0123456789abcdef", "token": "a b"}',
        b'{"digest": "zz", "token": "a", "pulls": []}',
        b'{"digest": "0123456789abcdef0123456789abcdef", "token": "a", "pulls": ["resource=\\ud800&cursor="]}',
        b'{"digest": "0123456789abcdef0123456789abcdef", "token": "a", "after": "012"}',
        b'{"digest": "0123456789abcdef0123456789abcdef", "token": "a", "after": "01234567", "changes": ["\\ud800"]}',
        b"[" * 100_000,
    ],
)
def test_a_question_that_cannot_be_read_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        NewsQuestion.from_body(body)


def test_a_question_is_bounded() -> None:
    asked = NewsQuestion.whole([PullRequest(ORG, cursor="")] * (MOST_PULLS + 1))
    with pytest.raises(BadRequest):
        NewsQuestion.from_body(asked.to_body())
    changes = NewsQuestion("0" * 32, "t", after="0" * 8, changes=asked.pulls or ())
    with pytest.raises(BadRequest):
        NewsQuestion.from_body(changes.to_body())


@pytest.mark.parametrize("query", ["resource=org_office", "resource=org_office&cursor=&look=1", "cursor="])
def test_news_are_pulls_with_cursors(pair: Pair, query: str) -> None:
    asked = NewsQuestion("0" * 32, "a", (query,))
    with pytest.raises(BadRequest):
        passive_news.news(pair.other, pair.peer.uuid, asked)
    repository = pair.other.known_repository(pair.peer.uuid)
    assert repository is not None and query not in repository.states.question()[1]


# --- idle is what a pull would find ---------------------------------------------------------------------------


def situations() -> dict[str, Any]:
    """Return what may have happened since an idle exchange; each is given the pair and returns what to ask."""

    def nothing(pair: Pair) -> dict[str, Any]:
        return {}

    def another_table(pair: Pair) -> dict[str, Any]:
        add(pair.other, PERSON, first_name="Ann")
        return {}

    def new_record(pair: Pair) -> dict[str, Any]:
        add(pair.other, ORG, name="new")
        return {}

    def written_past(pair: Pair) -> dict[str, Any]:
        now = pair.other.clock.now().isoformat(" ", "seconds")
        pair.other.db.executesql(
            "INSERT INTO org_organisation (uuid, name, deleted, modified_on) VALUES ('past', 'Past', 'F', ?)",
            placeholders=(now,),
        )
        pair.other.db.commit()
        return {}

    def brought_by_it(pair: Pair) -> dict[str, Any]:
        add(pair.own, ORG, name="ours")
        pair.run()
        return {}

    def from_the_start(pair: Pair) -> dict[str, Any]:
        return {"cursor": ""}

    def unknown_cursor(pair: Pair) -> dict[str, Any]:
        return {"cursor": "another.1.token"}

    def lost_checkpoint(pair: Pair) -> dict[str, Any]:
        add(pair.own, ORG, name="ours")
        pair.run()
        return {"checkpoint": ""}

    return {each.__name__: each for each in locals().values()}


@pytest.mark.parametrize("name", sorted(situations()))
def test_a_resource_has_nothing_exactly_where_a_pull_brings_and_changes_nothing(
    pair: Pair, name: str
) -> None:
    changed = situations()[name](pair)
    repository = pair.other.known_repository(pair.peer.uuid)
    assert repository is not None
    own = pair.own.repository(pair.repository.id).states
    values = {"cursor": own.pulled(ORG).cursor, "checkpoint": own.pushed(ORG).checkpoint, **changed}
    asked = PullRequest(ORG, pair.peer.uuid, **values)
    together = idle_of(repository, [asked, PullRequest(PERSON, pair.peer.uuid, cursor="")], None)
    idle = is_idle(repository, asked, None)
    assert together & {ORG} == ({ORG} if idle else set()), "many at once are judged as one alone"
    before = repository.states.served(ORG)
    out = io.BytesIO()
    served = pull(pair.other, asked, out)
    restored = b'restored="true"' in out.getvalue()
    known = {each.seq for each in before.handed}
    moved = repository.states.served(ORG).acknowledged not in known
    assert idle == (not served.count and not restored and not moved)
    assert idle == (name in ("nothing", "another_table", "brought_by_it")), (
        "each situation is what it is called"
    )


def test_a_page_that_does_not_fit_leaves_no_trace(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passive_news, "PAGE_SIZE", 100)
    add(pair.other, ORG, name="new")
    repository = pair.other.known_repository(pair.peer.uuid)
    assert repository is not None
    before = repository.states.served(ORG)
    at = pair.own.repository(pair.repository.id).states.pulled(ORG).cursor
    answer = passive_news.news(pair.other, pair.peer.uuid, question(pair, PullRequest(ORG, cursor=at)))
    assert list(answer.waits) == [ORG] and repository.states.served(ORG) == before
