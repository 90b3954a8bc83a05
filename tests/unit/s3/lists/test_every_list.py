"""Every list of the demonstration goes out as a table and comes in again without changing anything."""

from __future__ import annotations

import io
from typing import Any
from uuid import UUID

import pytest
from gluon import current

from s3.lists.export import FORMATS, rows
from s3.lists.import_pages import ImportPages
from s3.lists.rows_in import IDENTIFIER, Row, RowImporter
from s3.lists.stored import read_table
from s3.pages.presentation import Presentation
from s3db.demo import populate
from s3sync.wire.tables.matching import matched
from tests.support.site import SampleSite


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> SampleSite:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(current, "T", str, raising=False)
        found = SampleSite(tmp_path_factory.mktemp("lists"))
        populate({"s3db": found.s3db}, "headquarters")
        found.db.commit()
    return found


def lists(site: SampleSite) -> list[str]:
    return [
        table.name
        for table in site.schema
        if not table.is_super and site.db(site.s3db[table.name].deleted != True).count()  # noqa: E712 - SQL
    ]


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_list_comes_back_as_it_went_out(
    site: SampleSite, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(current, "T", str, raising=False)
    found: dict[str, Any] = {}
    for table in lists(site):
        out = io.BytesIO()
        FORMATS[name][1](out, rows(Presentation(site.s3db, None, table), {}))
        out.seek(0)
        headings, *lines = read_table(out)
        pages = ImportPages(site.s3db, None, table)
        fields = pages._names()
        columns = matched(headings, {each: pages._called(each) for each in fields})
        assert columns[-1] == IDENTIFIER and lines, table
        importer = RowImporter(site.s3db, site, table, columns, False, UUID(int=1))
        taken = importer.look([Row(number, tuple(each)) for number, each in enumerate(lines, 2)])
        found[table] = (taken.counts, [each.reason for each in taken.refused])
    assert len(found) > 10
    unlike = {table: told for table, told in found.items() if set(told[0]) - {"unchanged"} or told[1]}
    assert unlike == {}
