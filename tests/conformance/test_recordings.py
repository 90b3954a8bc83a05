"""Documents and requests recorded from a real Eden: they are read without loss and written alike.

The recordings are not part of the project; without them these tests are skipped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import etree

from s3sync.core.errors import BadRequest
from s3sync.core.records import Record
from s3sync.core.schema import Component, Field, Schema, Table
from s3sync.wire.protocol.pull import PullRequest
from s3sync.wire.protocol.push import PushReply, PushRequest
from s3sync.wire.s3xml import Decoder, DocumentReader, encode_record, parse_fragment, rejected_uuids
from s3sync.wire.values.reading import ABSENT, reader
from s3sync.wire.values.writing import writer
from tests.support.places import RECORDINGS

pytestmark = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings are not here")

EXPORTS = sorted(RECORDINGS.glob("*export*.xml")) + sorted(RECORDINGS.glob("*rest*.xml"))
SENT = sorted(RECORDINGS.glob("*sent*.xml"))
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
REQUEST = re.compile(r"^(?:> )?(GET|POST|PUT) (\S*/sync/sync\.xml\S*) HTTP", re.MULTILINE)
CLOCK = re.compile(r"\d\d:\d\d:\d\d")

# Types that cannot be told from a document.
KNOWN = {
    "schedule_json": "json",
    "style": "json",
    "days_of_week": "list:integer",
    "percentage": "decimal(10,2)",
}


def kind_of(name: str, elements: list[Any]) -> str:
    """Guess the type of a field from the way an Eden writes it."""
    if name in KNOWN:
        return KNOWN[name]
    if any(each.get("url") for each in elements):
        return "upload"
    values = [each.get("value") for each in elements if each.get("value") is not None]
    if not values:
        return "string"
    for pattern, kind in ((MOMENT, "datetime"), (DAY, "date"), (CLOCK, "time")):
        if all(pattern.fullmatch(value) for value in values):
            return kind
    try:
        decoded = [json.loads(value) for value in values]
    except ValueError:
        return "string"
    if all(isinstance(value, bool) for value in decoded):
        return "boolean"
    if all(type(value) is int for value in decoded):
        return "integer"
    if all(isinstance(value, (int, float)) for value in decoded):
        return "double"
    if all(isinstance(value, list) for value in decoded):
        return "list:string"
    return "text"


def schema_of(root: Any) -> Schema:
    """Make a schema that knows everything in a document."""
    data: dict[str, dict[str, list[Any]]] = {}
    references: dict[str, dict[str, Field]] = {}
    components: dict[str, dict[str, Component]] = {}
    for element in root.iter("resource"):
        name = element.get("name")
        fields = data.setdefault(name, {})
        for child in element.iterchildren("data"):
            fields.setdefault(child.get("field"), []).append(child)
        for child in element.iterchildren("reference"):
            field, target = child.get("field"), child.get("resource")
            kind = "list:reference" if (child.get("uuid") or "").startswith("[") else "reference"
            references.setdefault(name, {})[field] = Field(field, f"{kind} {target}", kind, target=target)
        for child in element.iterchildren("resource"):
            alias = child.get("alias") or child.get("name").partition("_")[2]
            components.setdefault(name, {})[alias] = Component(alias, child.get("name"), "id", f"{name}_id")
    tables = {}
    for name, fields in data.items():
        known = {}
        for field, elements in fields.items():
            kind = kind_of(field, elements)
            represented = kind == "text"
            known[field] = Field(field, kind, kind.partition("(")[0], represented=represented)
        known.update(references.get(name, {}))
        tables[name] = Table(name, known, components=components.get(name, {}))
    for fields in references.values():
        for field in fields.values():
            tables.setdefault(field.target or "", Table(field.target or "", {}))
    return Schema(tables)


def read(path: Path) -> tuple[DocumentReader, Schema, list[Record]]:
    schema = schema_of(etree.parse(str(path)).getroot())
    decoder = Decoder(schema)
    with path.open("rb") as source:
        document = DocumentReader(source)
        return document, schema, [decoder.decode(element) for element in document]


def names(paths: list[Path]) -> list[str]:
    return [path.stem for path in paths]


@pytest.mark.parametrize("path", EXPORTS, ids=names(EXPORTS))
def test_an_export_is_read_without_loss(path: Path) -> None:
    document, schema, records = read(path)
    header = document.header
    assert header.success is bool(records)
    assert header.results is not None
    assert header.results <= len(records)
    assert (header.domain, header.cursor) == ("vm", None)
    root = etree.parse(str(path)).getroot()
    everything = [each for record in records for each in record.walk()]
    assert not [record.errors for record in everything if record.errors]
    assert len(everything) == len(list(root.iter("resource")))
    tops = (each for top in root for each in top.iter("resource"))
    for record, element in zip(everything, tops):
        assert record.uuid == element.get("uuid")
        found = {name for name, value in {**record.values, **record.references}.items() if value is not None}
        sent = {child.get("field") for child in element if child.tag != "resource"}
        known = sent & set(schema.table(record.table).fields)
        assert found >= known - nulls(element)
    assert [encoded_and_decoded(each, schema) for each in records] == records


def encoded_and_decoded(record: Record, schema: Schema) -> Record:
    return Decoder(schema).decode(parse_fragment(encode_record(record, schema).encode()))


def nulls(element: Any) -> set[str]:
    """Return the fields that an Eden sends as empty text."""
    empty = set()
    for child in element.iterchildren("data"):
        if child.get("value") is None and child.get("url") is None and not (child.text or "").strip():
            empty.add(child.get("field"))
    return empty


@pytest.mark.parametrize("path", EXPORTS, ids=names(EXPORTS))
def test_values_are_written_as_an_eden_writes_them(path: Path) -> None:
    root = etree.parse(str(path)).getroot()
    schema = schema_of(root)
    for element in root.iter("data"):
        field = schema.table(element.getparent().get("name")).fields[element.get("field")]
        if field.kind in ("upload", "json"):
            continue
        value = reader(field)(element.get("value"), element.text)
        if value is None or value is ABSENT:
            continue
        written = etree.fromstring(writer(field)(value))
        if element.get("value") is None and written.get("value") is not None:
            # Only where an Eden could not read its own text back.
            assert not element.text.strip() or "&" in element.text
            continue
        assert written.get("value") == element.get("value")
        if element.get("value") is None:
            assert written.text == element.text


@pytest.mark.parametrize("path", SENT, ids=names(SENT))
def test_whatever_was_sent_can_be_read(path: Path) -> None:
    _, schema, records = read(path)
    assert records
    for record in records:
        for each in record.walk():
            if each.deleted:
                # Nobody needs more of a deleted record than its uuid and time, and an Eden sends no more.
                each.mci = each.created_on = each.created_by = None
        assert encoded_and_decoded(record, schema) == record


# --- json, as an Eden took it or refused it -------------------------------------------------------


def availability(name: str) -> dict[str, Record]:
    _, _, records = read(RECORDINGS / name)
    return {
        (record.uuid or "")[-5:]: record for record in records if record.table == "pr_person_availability"
    }


def test_json_is_read_at_least_as_an_eden_does() -> None:
    sent, stored = availability("14l-json-encodings-sent.xml"), availability("14l-json-encodings-export.xml")
    for key, record in stored.items():
        assert sent[key].values.get("schedule_json") == record.values.get("schedule_json")
    # What an Eden refuses: null, and a text in JSON quotes.
    assert sent["14501"].values["schedule_json"] is None
    assert sent["14504"].values["schedule_json"] == "str"
    sent = availability("14e-json-listinteger-sent.xml")
    assert sent["01431"].values["schedule_json"] == {"a": [1, 2.5, None, True], "s": '中 "q" <x>'}
    assert sent["01431"].values["days_of_week"] == [0, 1, 5]
    assert set(sent["01433"].errors) == {"schedule_json"}
    assert set(sent["01436"].errors) == {"days_of_week"}


# --- requests and replies -------------------------------------------------------------------------


def requests() -> Iterator[tuple[str, str, str]]:
    """Yield file, method and query of every recorded request to the interface."""
    for path in sorted((*RECORDINGS.glob("transcripts/*.txt"), *RECORDINGS.glob("active/*.txt"))):
        for method, url in re.findall(
            r"^(?:> )?(GET|POST|PUT) (\S*/sync/sync\.xml\S*) HTTP", path.read_text("utf-8"), re.M
        ):
            yield path.stem, method, urlsplit(url).query


def variables(query: str) -> dict[str, Any]:
    parsed = parse_qs(query, keep_blank_values=True)
    return {name: values if len(values) > 1 else values[0] for name, values in parsed.items()}


def test_requests_of_active_sites_are_understood() -> None:
    found = [each for each in requests() if re.match(r"\d\d_", each[0])]
    assert len(found) > 5
    for _, method, query in found:
        request = (PullRequest if method == "GET" else PushRequest).from_vars(variables(query))
        assert request.resource
        assert request.repository


def test_requests_that_an_eden_misreads_are_refused() -> None:
    refused = []
    for name, method, query in requests():
        if name == "pull-parameters" and method == "GET":
            try:
                PullRequest.from_vars(variables(query))
            except BadRequest:
                refused.append(query)
    assert len(refused) >= 9, (
        "spellings of msince, repeated msince, selectors without a dot, unknown operators"
    )
    assert all(
        "msince" in query or "name=nothing" in query or "__foo" in query or "$filter" in query
        for query in refused
    )


@pytest.mark.parametrize("name", ["06a-project-invalid-currency", "13a-references", "14e-json-listinteger"])
def test_replies_name_the_rejected_records(name: str) -> None:
    reply = PushReply.from_json(json.loads((RECORDINGS / f"{name}-repush-response.json").read_text("utf-8")))
    assert not reply.is_ours
    assert "invalid items ignored" in reply.message
    reasons = rejected_uuids(reply.tree)
    assert reasons
    assert all(uuid.startswith("urn:uuid:") and ":" in reason for uuid, reason in reasons.items())
