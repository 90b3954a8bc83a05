"""Packing for the line: the same bytes whichever library is here."""

from __future__ import annotations

import gzip
import io
import random
import zlib
from collections.abc import Iterator

import pytest

from s3sync.core.limits import CHUNK
from s3sync.wire import compression as compression
from s3sync.wire.compression import DamagedPacking, Gzip, is_packed

LIBRARIES = ["zlib", "isal.isal_zlib"]


@pytest.fixture(params=LIBRARIES)
def packing(request: pytest.FixtureRequest) -> Gzip:
    return Gzip(pytest.importorskip(request.param), 2)


def pack(packing: Gzip, data: bytes) -> bytes:
    target = io.BytesIO()
    packing.pack(io.BytesIO(data), target)
    return target.getvalue()


def unpack(packing: Gzip, *chunks: bytes) -> bytes:
    return b"".join(packing.unpack(chunks))


def documents() -> Iterator[bytes]:
    choose = random.Random(3)
    yield b""
    yield b"x"
    yield choose.randbytes(3 * CHUNK)
    yield b"<resource/>" * 200_000
    yield b"".join(b'<data field="name">%d</data>' % choose.randrange(10**6) for _ in range(50_000))


def test_what_is_packed_is_unpacked(packing: Gzip) -> None:
    for data in documents():
        packed = pack(packing, data)
        assert is_packed(packed)
        assert gzip.decompress(packed) == data
        assert unpack(packing, packed) == data
        assert unpack(packing, *(packed[at : at + 1000] for at in range(0, len(packed), 1000))) == data
        assert unpack(packing, gzip.compress(data)) == data


def test_a_few_bytes_are_unpacked_in_steps(packing: Gzip) -> None:
    steps = list(map(len, packing.unpack([gzip.compress(b" " * 10_000_000)])))
    assert sum(steps) == 10_000_000
    assert max(steps) <= CHUNK


def test_packed_files_one_behind_the_other(packing: Gzip) -> None:
    packed = gzip.compress(b"one ") + gzip.compress(b"two")
    assert unpack(packing, packed) == b"one two"
    assert unpack(packing, packed[:25], packed[25:], b"\0\0") == b"one two"


def test_nothing_is_unpacked_to_nothing(packing: Gzip) -> None:
    assert unpack(packing) == b""


@pytest.mark.parametrize("cut", [1, 9, 15, 30])
def test_what_ends_in_the_middle_is_damaged(packing: Gzip, cut: int) -> None:
    packed = gzip.compress(bytes(range(256)) * 4)
    with pytest.raises(DamagedPacking):
        unpack(packing, packed[:-cut])


def test_other_bytes_are_damaged(packing: Gzip) -> None:
    packed = gzip.compress(bytes(range(256)) * 4)
    for damaged in (b"<s3xml/>", packed[:10] + b"\xff" * 20, packed[:-8] + b"12345678", packed + b"more"):
        with pytest.raises(DamagedPacking):
            unpack(packing, damaged)


def test_zlib_does_it_where_nothing_faster_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "isal_zlib", None)
    assert compression.fastest().name == "zlib"


def test_the_fastest_is_used_where_it_is_installed() -> None:
    pytest.importorskip("isal")
    assert compression.fastest().name == "isal"
    assert compression.gzip.name == "isal"


def test_the_fastest_packs_as_small() -> None:
    pytest.importorskip("isal")
    data = b"".join(documents())
    assert len(pack(compression.fastest(), data)) < 1.05 * len(zlib.compress(data, 5))
