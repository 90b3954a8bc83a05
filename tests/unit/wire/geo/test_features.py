"""Files of features are read one feature after the other, and refused with the reason where they are none."""

from __future__ import annotations

import io
import json
import tracemalloc
from typing import Any

import pytest

from s3sync.wire.geo import features as features
from s3sync.wire.geo.features import Feature, FeatureError
from s3sync.wire.geo.geometry import point

COLLECTION = {"type": "FeatureCollection"}


def read(content: Any) -> list[Feature]:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return list(features.read(io.BytesIO(raw)))


def one(**more: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": None, "properties": None, **more}


def test_what_is_written_is_read_as_it_was() -> None:
    given = [
        Feature("a", point(1.5, 2.0), {"name": 'Ñandú \u2028 "x"', "n": 1, "no": None}),
        Feature(None, None, {}),
    ]
    out = io.BytesIO()
    features.write(out, given)
    assert json.loads(out.getvalue())["type"] == "FeatureCollection"
    assert read(out.getvalue()) == given


def test_members_come_in_any_order_and_foreign_ones_are_left_out() -> None:
    assert read({"name": "x", "features": [one(id=7)], "bbox": [1, [2]], **COLLECTION}) == [
        Feature(7, None, {})
    ]
    assert read(b"\xef\xbb\xbf \n" + json.dumps(one(properties={"a": 1})).encode()) == [
        Feature(None, None, {"a": 1})
    ]


def test_foreign_members_are_not_kept_and_there_are_not_too_many_of_them() -> None:
    many = ",".join(f'"m{each}":[{"[]," * 30_000}0]' for each in range(20))
    content = f'{{{many},"type":"FeatureCollection","features":[]}}'.encode()
    tracemalloc.start()
    try:
        assert read(content) == []
        assert tracemalloc.get_traced_memory()[1] < 12 * 1024 * 1024
    finally:
        tracemalloc.stop()
    with pytest.raises(FeatureError, match="more than 1000 members"):
        read({**{str(each): 0 for each in range(features.MOST_MEMBERS)}, **COLLECTION, "features": []})


def test_an_older_file_may_say_that_it_is_in_wgs_84_and_nothing_else() -> None:
    for name in ("urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326"):
        assert read({**COLLECTION, "crs": {"properties": {"name": name}}, "features": []}) == []
    with pytest.raises(FeatureError, match="EPSG:32618; save it in WGS 84"):
        read({**COLLECTION, "crs": {"type": "name", "properties": {"name": "EPSG:32618"}}, "features": []})


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"<xml/>",
        b"\xff\xfe{",
        COLLECTION,
        {"type": "Topology", "features": []},
        {**COLLECTION, "features": [1]},
        {**COLLECTION, "features": [{"type": "Point", "coordinates": [1, 2]}]},
        {**COLLECTION, "features": [one(properties=[1])]},
        b'{"type":"FeatureCollection","type":"FeatureCollection","features":[]}',
        b'{"type":"FeatureCollection","features":[]} {}',
        b'{"type":"FeatureCollection","features":[{"type":"Feature"},]}',
        b'{"type":"FeatureCollection","features":[{"type":"Feature"}',
        b'{"type":"FeatureCollection","features":' + b"[" * 200_000,
        b'{"type":"Feature","properties":{"a":' + b'{"a":' * 200 + b"1" + b"}" * 202,
        b'{"type":"Feature","properties":{"a":NaN}}',
        b'{"type":"Feature","properties":{"a":' + b"9" * 5000 + b"}}",
        b'{"type":"Feature","properties":{"a":"' + b"x" * (features.LONGEST + 1) + b'"}}',
    ],
    ids=lambda each: str(each)[:50],
)
def test_what_is_no_file_of_features_is_refused(bad: Any) -> None:
    with pytest.raises(FeatureError, match=r"."):
        read(bad)


def test_memory_does_not_grow_with_the_number_of_features() -> None:
    def peak(count: int) -> int:
        body = b",".join([json.dumps(one(properties={"name": "x" * 200})).encode()] * count)
        source = io.BytesIO(b'{"type":"FeatureCollection","features":[' + body + b"]}")
        tracemalloc.start()
        assert sum(1 for _ in features.read(source)) == count
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(20_000) < 1.5 * peak(2000) + 100_000
