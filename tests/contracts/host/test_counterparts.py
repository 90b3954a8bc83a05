"""When a counterpart takes the place of a callback of an Eden, and when that is called as ever."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from gluon import current

from s3sync.host import living_eden as living_eden
from s3sync.host.counterparts import Counterpart, Reason
from s3sync.host.counterparts import known as known
from tests.contracts.exchange.test_over_thin_eden import OFFICE, ORG, office, organisation, take
from tests.support.thin_eden import ThinEden


class Halves(Counterpart):
    """Handles the first record, and leaves the others."""

    seen: list[Sequence[int]] = []
    suits = True

    def fits(self) -> bool:
        return self.suits

    def handle(self, keys: Sequence[int]) -> Collection[int]:
        self.seen.append(list(keys))
        return keys[1:]


class Failing(Halves):
    def handle(self, keys: Sequence[int]) -> Collection[int]:
        raise ValueError("nothing is known of them")


@pytest.fixture
def eden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThinEden]:
    for name in ("s3db", "response"):
        monkeypatch.setattr(current, name, None, raising=False)
    made = ThinEden(tmp_path / "eden")
    yield made
    made.db.close()


@pytest.fixture
def called(eden: ThinEden, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the offices with which the callback of offices was called."""
    names: list[str] = []

    def accept(form: Any) -> None:
        names.append(form.vars.name)

    eden.s3db.configure(OFFICE, onaccept=accept)
    monkeypatch.setitem(known.KNOWN, "accept", frozenset((known.digest(accept),)))
    monkeypatch.setattr(Halves, "seen", [])
    return names


def stand_in(monkeypatch: pytest.MonkeyPatch, counterpart: type[Counterpart]) -> None:
    monkeypatch.setattr(living_eden, "COUNTERPARTS", {OFFICE: counterpart})


def import_offices(eden: ThinEden) -> list[str]:
    return take(
        eden, OFFICE, office(1, "One"), office(2, "Two"), office(3, "Three"), organisation(1)
    ).warnings


def test_what_a_counterpart_leaves_is_called_a_record_at_a_time(
    eden: ThinEden, called: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch, Halves)
    assert import_offices(eden) == []
    assert called == ["Two", "Three"] and len(Halves.seen) == 1


def test_unknown_code_is_called_for_every_record(
    eden: ThinEden, called: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch, Halves)
    monkeypatch.setitem(known.KNOWN, "accept", frozenset())
    import_offices(eden)
    assert called == ["One", "Two", "Three"] and Halves.seen == []


def test_what_is_done_at_once_is_told_and_why_the_rest_is_not(
    eden: ThinEden, called: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch, Halves)
    assert eden.host.at_once() == [(OFFICE, Reason.NONE, ())]
    monkeypatch.setattr(Halves, "suits", False)
    assert eden.host.at_once() == [(OFFICE, Reason.SETTINGS, ())]
    monkeypatch.setattr(Halves, "uses", ("no_such_function",))
    assert eden.host.at_once() == [(OFFICE, Reason.CODE, ("no_such_function",))]
    eden.s3db.configure(OFFICE, onaccept=[len, repr])
    assert eden.host.at_once() == [(OFFICE, Reason.SEVERAL, ("len", "repr"))]
    eden.s3db.configure(OFFICE, onaccept=None)
    assert eden.host.at_once() == [(OFFICE, Reason.ABSENT, ())]
    monkeypatch.setattr(living_eden, "COUNTERPARTS", {"no_such_table": Halves})
    assert eden.host.at_once() == []


def test_a_class_that_this_eden_does_not_have_is_unknown_code(
    eden: ThinEden, called: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def by_prefix(model: Any, name: str) -> Any:
        prefix, rest = name.split("_", 1)
        raise AttributeError(f"{prefix} has no {rest}")

    stand_in(monkeypatch, Halves)
    monkeypatch.setattr(type(eden.s3db), "__getattr__", by_prefix, raising=False)
    monkeypatch.setattr(Halves, "uses", ("NoTracker.__call__", "org_no_such_function"))
    assert eden.host.at_once() == [(OFFICE, Reason.CODE, ("NoTracker.__call__", "org_no_such_function"))]
    assert import_offices(eden) == [] and called == ["One", "Two", "Three"]


def test_other_settings_are_left_to_the_callback(
    eden: ThinEden, called: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch, Halves)
    monkeypatch.setattr(Halves, "suits", False)
    import_offices(eden)
    assert called == ["One", "Two", "Three"] and Halves.seen == []


def test_a_further_callback_of_a_template_is_called_with_the_first(
    eden: ThinEden, called: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch, Halves)
    further: list[str] = []
    first = eden.s3db.get_config(OFFICE, "onaccept")
    eden.s3db.configure(OFFICE, onaccept=[first, lambda form: further.append(form.vars.name)])
    import_offices(eden)
    assert called == further == ["One", "Two", "Three"] and Halves.seen == []


def test_a_templates_wrapper_of_known_code_is_called_for_every_record(
    eden: ThinEden, called: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch, Halves)
    more: list[str] = []
    known_code = eden.s3db.get_config(OFFICE, "onaccept")

    @wraps(known_code)
    def wrapper(form: Any) -> None:
        known_code(form)
        more.append(form.vars.name)

    eden.s3db.configure(OFFICE, onaccept=wrapper)
    import_offices(eden)
    assert called == more == ["One", "Two", "Three"] and Halves.seen == []


def test_where_a_counterpart_fails_the_callback_is_called_for_all(
    eden: ThinEden, called: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch, Failing)
    assert import_offices(eden) == []
    assert called == ["One", "Two", "Three"]


def test_those_of_entities_are_asked_as_well(eden: ThinEden, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(living_eden, "COUNTERPARTS", {"org_site": Halves})
    monkeypatch.setattr(Halves, "seen", [])
    callback = eden.s3db.get_config("org_site", "onaccept")
    monkeypatch.setitem(known.KNOWN, callback.__name__, frozenset((known.digest(callback),)))
    # The schema of this site was built before there was a counterpart of sites.
    monkeypatch.setattr(type(eden.host), "version", lambda _: "another")
    take(eden, OFFICE, office(1), office(2), organisation(1))
    codes = [row.code for row in eden.db(eden.db.org_site).select(orderby=eden.db.org_site.site_id)]
    assert len(Halves.seen) == 1 and codes == [None, "SITE2"]


def of(source: str) -> Callable[..., Any]:
    """Return a function of this source, which can be read again."""
    import linecache

    name = f"<test {hash(source)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    space: dict[str, Any] = {}
    exec(compile(source, name, "exec"), space)
    made: Callable[..., Any] = space["f"]
    return made


def test_comments_and_layout_are_no_other_code() -> None:
    plain = known.digest(of("def f(a):\n    return g(a, 1)\n"))
    told = of('def f(a):\n    """Say it."""\n\n    # why\n    return g(a,\n             1)\n')
    assert plain and known.digest(told) == plain
    assert known.digest(of("def f(a):\n    return g(a, 2)\n")) != plain
    assert known.digest(of("def f(a, b=1):\n    return g(a, 1)\n")) != plain


def test_what_has_no_source_is_not_known() -> None:
    assert known.digest(len) == known.digest(None) == "" and not known.knows(len)
    assert not known.knows(eval("lambda form: None")), ORG
