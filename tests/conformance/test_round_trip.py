"""The document of a real Eden, imported here and exported again, says the same."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from s3sync.core.records import Action, Record, Reference, Upload
from s3sync.core.schema import Schema
from s3sync.exchange.importer import Report
from s3sync.wire.s3xml import Decoder, DocumentReader
from tests.support.places import RECORDINGS
from tests.support.site import Clock, SampleSite

DOCUMENTS = sorted(RECORDINGS.glob("*-export.xml"))

Known = dict[tuple[str, str], Record]


def main_table(path: Path) -> str:
    """Return the table that the first record of a document belongs to."""
    with path.open("rb") as source:
        for element in DocumentReader(source):
            return str(element.get("name"))
    return ""


def records_of(content: bytes, schema: Schema) -> Iterator[Record]:
    decoder = Decoder(schema)
    for element in DocumentReader(io.BytesIO(content)):
        if element.get("name") in schema:
            yield from decoder.decode(element).walk()


def known(content: bytes, schema: Schema) -> Known:
    found: Known = {}
    for record in records_of(content, schema):
        if record.uuid:
            found[(record.table, record.uuid)] = record
    return found


def said(record: Record, domain: str) -> dict[str, Any]:
    """Return what a record says of itself, empty values left out."""

    def uuid(reference: Reference) -> str:
        bare = reference.uuid and "/" not in reference.uuid and not reference.uuid.startswith("urn:")
        return f"{domain}/{reference.uuid}" if bare and domain else str(reference.uuid)

    values: dict[str, Any] = {}
    for name, value in record.values.items():
        values[name] = (value.filename, value.stored) if isinstance(value, Upload) else value
    for name, target in record.references.items():
        if isinstance(target, Reference):
            values[name] = uuid(target)
        elif target:
            values[name] = sorted(uuid(each) for each in target)
    return {name: value for name, value in values.items() if value not in (None, "", [])}


def problems(report: Report) -> list[str]:
    return [f"{outcome.table} {outcome.uuid}: {outcome.reason}" for _, outcome in report.failures]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_an_edens_document_says_the_same_after_a_round_trip(path: Path, tmp_path: Path) -> None:
    site = SampleSite(tmp_path, clock=Clock())
    try:
        table = main_table(path)
        if table not in site.schema:
            pytest.skip(f"{table or 'an empty document'} is no resource of the bundled data model")
        content = path.read_bytes()
        site.clock.step(400 * 24 * 3600)
        report = site.take(content, table)
        domain = next(iter([DocumentReader(io.BytesIO(content)).header.domain or ""]))
        exported, _ = site.export(table, paged=False)
        before, after = known(content, site.schema), known(exported, site.schema)
        rejected = {outcome.uuid for _, outcome in report.failures}
        assert not rejected or path.parent == RECORDINGS, problems(report)
        main = [key for key in before if key[0] == table and key[1] not in rejected]
        assert main or report.counts[Action.UNCHANGED], problems(report)
        for key in main:
            theirs = before[key]
            if theirs.deleted:
                # A site that never had the record needs no mark of its deletion.
                continue
            ours = after[key]
            computed = site.schema.table(table).computed
            expected = {name: value for name, value in said(theirs, domain).items() if name not in computed}
            found = {name: value for name, value in said(ours, "").items() if name in expected}
            assert found == expected, key
            assert ours.modified_on == theirs.modified_on
            assert ours.mci == (theirs.mci or 0) + 1
        members = {each.table for each in site.schema.table(table).components.values() if each.travels}
        nested = {key for key in before if key[0] in members and not before[key].deleted}
        assert not {key for key in nested - set(after) if key[1] not in rejected}
    finally:
        site.close()


def test_fixtures_are_there_or_this_says_so() -> None:
    if not RECORDINGS.is_dir():
        pytest.skip("the recordings of a real Eden are not beside this checkout")
    assert len(DOCUMENTS) > 20
