"""S3JSON is written as an Eden reads it, and read as an Eden writes it, and as JSON means it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from s3sync.core.errors import DocumentError, DocumentTooLarge, HostileDocument
from s3sync.wire import s3json as s3json

DOCUMENT = """<s3xml success="true" results="2" domain="d">
<resource name="org_office" uuid="u1" mci="1">
<data field="name">One &amp; &lt;two&gt;</data>
<data field="obsolete" value="false">no</data><data field="type" value="7">Field</data>
<data field="code" value="&quot;x@y&quot;">x@y</data><data field="word" value="&quot;null&quot;">null</data>
<data field="gone" value="null"/><data field="lat" value="1.50">1.5</data><data field="empty"/>
<data field="many" value="[1, 2]">1, 2</data><data field="map" value='{"a": 1}'>a</data>
<data field="picture" url="http://h/f" filename="f.png"/>
<reference field="organisation_id" resource="org_organisation" uuid="o">Red Cross</reference>
<resource name="org_contact" alias="contact" uuid="c"><data field="value">1</data></resource>
</resource>
<resource name="org_organisation" uuid="o"><data field="name">Red Cross</data></resource>
<resource name="org_office" uuid="u2" deleted="True" modified_on="2026-01-01T00:00:00Z"/>
</s3xml>"""


def as_json(document: str, folder: Path) -> Any:
    out = io.BytesIO()
    s3json.to_json(io.BytesIO(document.encode()), out, folder)
    return json.loads(out.getvalue())


def as_xml(found: Any) -> str:
    out = io.BytesIO()
    s3json.to_xml(io.BytesIO(found if isinstance(found, bytes) else json.dumps(found).encode()), out)
    return out.getvalue().decode()


def test_a_document_is_written_as_an_eden_reads_it(tmp_path: Path) -> None:
    found = as_json(DOCUMENT, tmp_path)
    assert {key: found[key] for key in found if key[0] == "@"} == {
        "@success": "true",
        "@results": "2",
        "@domain": "d",
    }
    office, gone = found["$_org_office"]
    assert gone == {"@uuid": "u2", "@deleted": "True", "@modified_on": "2026-01-01T00:00:00Z"}
    assert office["name"] == "One & <two>" and office["@uuid"] == "u1" and office["@mci"] == "1"
    assert office["obsolete"] == {"@value": False, "$": "no"} and office["type"] == {
        "@value": 7,
        "$": "Field",
    }
    assert office["code"] == {"@value": "x@y", "$": "x@y"}
    assert office["word"]["@value"] == '"null"', "the word is not the value"
    assert office["gone"] == {"@value": "null"}, "an Eden reads JSON's null as the word None"
    assert office["lat"]["@value"] == "1.50" and office["empty"] == {}
    assert office["many"]["@value"] == [1, 2] and office["map"]["@value"] == '{"a": 1}'
    assert office["picture"] == {"@url": "http://h/f", "@filename": "f.png"}
    assert office["$k_organisation_id"] == {"@resource": "org_organisation", "@uuid": "o", "$": "Red Cross"}
    assert office["$_org_contact"] == [{"value": "1", "@alias": "contact", "@uuid": "c"}]
    assert [each["@uuid"] for each in found["$_org_organisation"]] == ["o"]


def test_nothing_is_an_object_without_records(tmp_path: Path) -> None:
    document = '<s3xml success="false" results="0"/>'
    assert as_json(document, tmp_path) == {"@success": "false", "@results": "0"}


def test_what_xml_cannot_hold_stays_as_json_writes_it(tmp_path: Path) -> None:
    document = '<s3xml><resource name="t"><data field="name" value="&quot;\\b&quot;"/></resource></s3xml>'
    found = as_json(document, tmp_path)
    assert found["$_t"] == [{"name": {"@value": '"\\b"'}}]
    assert as_xml(found) == document


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"name": None}, '<data field="name" value="null"/>'),
        ({"name": True}, '<data field="name" value="true"/>'),
        ({"name": 7}, '<data field="name" value="7"/>'),
        ({"name": {"@value": {"a": [1]}}}, '<data field="name" value="{&quot;a&quot;: [1]}"/>'),
        ({"name": {"$": 5}}, '<data field="name">5</data>'),
        ({"name": ["a", "b"]}, '<data field="name">a</data><data field="name">b</data>'),
        ({"$k_x": {"@uuid": ["a", "b"]}}, '<reference field="x" uuid="[&quot;a&quot;, &quot;b&quot;]"/>'),
        ({"$o_x": {"any": "thing"}, "$": "\n"}, ""),
    ],
)
def test_json_is_read_as_it_means_itself(told: Any, expected: str) -> None:
    text = as_xml({"$_t": told}).removeprefix("<s3xml>").removesuffix("</s3xml>")
    assert text in (f'<resource name="t">{expected}</resource>', '<resource name="t">\n</resource>')


@pytest.mark.parametrize(
    "told",
    [
        b"", b"[]", b"{}", b"null", b"{", b"\xff", b'{"name":"x"}', b'{"$_t":"x"}', b'{"$_t":[1]}', b'{"$_a b":{}}',
        b'{"$_t":{"name":{"inner":1}}}', b'{"$_t":{"$k_x":{"name":"y"}}}', b'{"$_t":{"@name":"other"}}',
        b'{"$_t":{"name":"\\u0000"}}', b'{"$_t":{"name":NaN}}',
    ],
)  # fmt: skip
def test_what_is_no_s3json_is_refused_by_name(told: bytes) -> None:
    with pytest.raises(DocumentError) as caught:
        as_xml(told)
    assert caught.value.message


def test_limits_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HostileDocument, match="deeply"):
        as_xml(b'{"$_t":{"name":' + b"[" * 200 + b"]" * 200 + b"}}")
    monkeypatch.setattr(s3json, "MOST_BYTES", 100)
    with pytest.raises(DocumentTooLarge) as caught:
        as_xml({"$_t": [{"name": "x" * 100}]})
    assert ".xml" in caught.value.hint
