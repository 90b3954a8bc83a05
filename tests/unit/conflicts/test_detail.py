"""How a page names the fields and values of versions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest

from s3sync.conflicts.site_words import SiteWords
from s3sync.core.records import Record, Reference
from tests.support.site import SampleSite


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SampleSite]:
    found = SampleSite(tmp_path_factory.mktemp("site"))
    yield found
    found.close()


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("start_date", datetime(2026, 1, 31, 18, 30), "2026-01-31 18:30:00 UTC"),
        ("name", "Flood", "Flood"),
        ("name", None, "empty"),
        ("comments", date(2026, 1, 31), "2026-01-31"),
    ],
)
def test_values_as_people_read_them(site: Any, name: str, value: Any, shown: str) -> None:
    table = site.schema.table("event_event")
    assert SiteWords(site, str, table).value(table.fields[name], value) == shown


ORG = "org_organisation"


@pytest.fixture()
def branches(site: Any) -> Iterator[list[Reference]]:
    """References to six organisations, and to one that is not here."""
    for number in range(6):
        site.s3db[ORG].insert(name=f"Office {number}", uuid=f"u{number}")
    site.db.commit()
    yield [Reference(ORG, f"u{number}") for number in range(7)]
    site.db(site.s3db[ORG]).delete()
    site.db.commit()


def test_what_versions_refer_to_is_looked_up_together(
    site: Any, branches: list[Reference], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = site.schema.table("org_office")
    field = table.fields["organisation_id"]
    versions = []
    for each in branches:
        version = Record("org_office")
        version.references.update(organisation_id=each, several=tuple(branches), none=None)
        versions.append(version)
    execute, ran = site.db._adapter.execute, []

    def counted(*args: Any, **options: Any) -> Any:
        ran.append(args)
        return execute(*args, **options)

    monkeypatch.setattr(site.db._adapter, "execute", counted)
    words = SiteWords(site, str, table, [*versions, None])
    told = [words.value(field, each) for each in [*branches, *branches]]
    assert told[:7] == told[7:] == [*(f"Office {number}" for number in range(6)), "u6, which is not here"]
    assert len(ran) == 2


def test_what_cannot_be_found_is_not_here(site: Any) -> None:
    table = site.schema.table("org_office")
    words = SiteWords(site, str, table)
    for reference, told in ((Reference(ORG, tuid="t1"), "t1"), (Reference("no_table", "u"), "u")):
        assert words.value(table.fields["organisation_id"], reference) == f"{told}, which is not here"
