"""What an Eden's own function for duplicates finds in an item, and what is taken from it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gluon import current

from s3sync.core.schema import Candidate, Found
from s3sync.exchange.importer.context import CallbackFailed
from s3sync.host.duplicate_functions import finder
from tests.support.thin_eden import ThinEden

ORG = "org_organisation"


@pytest.fixture
def eden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThinEden]:
    for name in ("s3db", "response"):
        monkeypatch.setattr(current, name, None, raising=False)
    made = ThinEden(tmp_path / "eden")
    yield made
    made.db.close()


def asked(eden: ThinEden, rule: Any, candidate: Candidate) -> Found:
    eden.s3db.configure(ORG, deduplicate=rule)
    find = finder(lambda: eden.host, ORG, rule)
    assert find is not None
    return find(candidate)


def test_an_item_has_what_the_functions_of_an_eden_read(eden: ThinEden) -> None:
    seen: list[Any] = []
    candidate = Candidate("u", {"name": "Red Cross"}, (("org_office", {"name": "Field"}),))
    assert asked(eden, seen.append, candidate) == Found()
    (item,) = seen
    assert (item.tablename, item.uid, item.data.name, item.data.no_such) == (ORG, "u", "Red Cross", None)
    assert item.table is eden.host.table(ORG) and item.element.get("name") == ORG
    (office,) = item.components
    assert office.tablename == "org_office" and office.data.get("name") == "Field"
    assert (item.id, item.method, item.references, item.job.items) == (None, None, [], {})


def test_what_it_sets_is_taken(eden: ThinEden) -> None:
    def finds(item: Any) -> None:
        item.id, item.method = "7", item.METHOD.UPDATE

    def refuses(item: Any) -> None:
        item.accepted = False

    assert asked(eden, finds, Candidate(None, {})) == Found(7)
    refused = asked(eden, refuses, Candidate(None, {}))
    assert refused.key is None and refused.refused


def test_its_failure_concerns_the_record_alone(eden: ThinEden) -> None:
    def fails(item: Any) -> None:
        raise KeyError("no_such")

    with pytest.raises(CallbackFailed, match="fails"):
        asked(eden, fails, Candidate(None, {}))


def test_rules_that_name_fields_are_no_functions(eden: ThinEden) -> None:
    assert finder(lambda: eden.host, ORG, eden.host.config(ORG, "deduplicate")) is None
    assert finder(lambda: eden.host, ORG, None) is None
