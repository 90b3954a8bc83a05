"""Two copies of a real Eden exchange rows of every table, until nothing moves: ``./test --eden FOLDER``.

One of them is on SQLite, the other one on SQLite and, where a server answers, on PostgreSQL. Skipped without an Eden.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.real_eden import EMAIL, MARKS, PASSWORD, copied, on_postgres

pytestmark = MARKS
MOVED = ("created", "updated", "deleted", "merged", "conflicts", "sent")
#: Rows that each site makes in each table: those of the one, and of the other one.
NUMBERS = ((1, 2), (3,))
#: Filled in by callbacks at the site that takes a record, where its own site has left it empty.
FILLED_IN = {("event_human_resource", "event_id"), ("act_issue", "resolution")}
#: Kinds of listed records that are not at both sites, or not with all that they refer to.
MISSING = ("rejected", "reference")


@dataclass
class Exchanged:
    """What two Edens hold after they have exchanged everything.

    Attributes:
        made: what each made of its own, as ``scripts/fill.py`` tells.
        runs: as ``scripts/synchronise.py`` tells.
        before: the records of each before the first run; site -> table -> uuid -> values.
        after: those after the last one.
    """

    made: list[dict[str, Any]] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    before: list[dict[str, Any]] = field(default_factory=list)
    after: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def exchanged(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Exchanged]:
    folder: Path = tmp_path_factory.mktemp(f"tables-{request.param}")
    with contextlib.ExitStack() as stack:
        other = folder / "other"
        asks = stack.enter_context(on_postgres(other)) if request.param == "postgres" else copied(other)
        answers = copied(folder / "one")
        found = Exchanged()
        for eden, numbers in zip((answers, asks), NUMBERS):
            key = eden.ask("administrator", email=EMAIL, password=PASSWORD)
            found.made.append(eden.ask("fill", account=key, numbers=numbers))
            eden.install()
        found.before = [eden.ask("contents") for eden in (answers, asks)]
        url = stack.enter_context(answers.served())
        told = asks.ask("connect", url=url, email=EMAIL, password=PASSWORD, resources=None)
        found.runs = [asks.ask("synchronise", key=told["key"]) for _ in range(3)]
        found.after = [eden.ask("contents") for eden in (answers, asks)]
        yield found


def moved(run: dict[str, Any]) -> dict[str, int]:
    return {name: run["counts"][name] for name in MOVED if run["counts"][name]}


def refused(exchanged: Exchanged) -> dict[tuple[str, str], str]:
    """Return (table, uuid) -> reason of the records that one of them has not taken, and says so."""
    run = exchanged.runs[-1]
    listed = [each[1:4] for each in (*run["kept"], *run["there"]) if each[0] in MISSING]
    return {(table, identifier): reason for table, identifier, reason in listed}


def test_rows_are_made_in_nearly_every_table(exchanged: Exchanged) -> None:
    made, tables = exchanged.made[0], exchanged.before[0]
    empty = sorted(set(tables) - set(made["made"]))
    assert len(made["made"]) > 350, (empty, made["refused"])


def test_every_run_comes_to_its_end(exchanged: Exchanged) -> None:
    assert [each["failed"] for each in exchanged.runs] == ["", "", ""]


def test_every_record_is_at_both_or_listed_with_a_reason(exchanged: Exchanged) -> None:
    told, astray = refused(exchanged), []
    one, other = exchanged.after
    for name in sorted({*one, *other}):
        for identifier in {*one.get(name, {})} ^ {*other.get(name, {})}:
            if (name, identifier) not in told:
                astray.append((name, identifier))
    assert not astray, Counter(name for name, _ in astray)


def test_every_value_is_the_same_at_both(exchanged: Exchanged) -> None:
    one, other = exchanged.after
    absent, differs = {identifier for _, identifier in refused(exchanged)}, []
    for name in one:
        for identifier in {*one[name]} & {*other.get(name, {})}:
            ours, theirs = one[name][identifier], other[name][identifier]
            for each in {*ours} | {*theirs}:
                pair = [ours.get(each), theirs.get(each)]
                is_explained = None in pair and (absent & {*map(str, pair)} or (name, each) in FILLED_IN)
                if pair[0] != pair[1] and not is_explained:
                    differs.append((name, each, *pair))
    assert not differs, differs


def test_the_third_run_moves_nothing(exchanged: Exchanged) -> None:
    assert moved(exchanged.runs[0])["created"] > 300
    assert moved(exchanged.runs[2]) == {}, exchanged.runs[2]
