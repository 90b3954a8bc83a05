"""The dictionary for small documents: its name, what it saves, and what it refuses."""

from __future__ import annotations

import random
import zlib

import pytest

from s3sync.core.limits import CHUNK
from s3sync.wire import dictionary as dictionary
from s3sync.wire.compression import DamagedPacking, is_packed
from s3sync.wire.protocol.names import DICTIONARIES, PeerCapability
from s3sync.wire.s3xml.encoder import resource_open

#: Characters that zlib looks back.
WINDOW = 32_768


def unpacked(*chunks: bytes) -> bytes:
    return b"".join(dictionary.unpack(chunks))


def test_its_name_has_its_digest_so_whoever_changes_it_has_to_name_another_one() -> None:
    assert PeerCapability.DICTIONARY.value == f"{DICTIONARIES}{dictionary.digest()}"
    assert len(dictionary.words()) < WINDOW - 512


def test_what_is_packed_is_unpacked() -> None:
    record = resource_open("org_office", "urn:uuid:x", mci=1, nulls=["fax", "email"]).encode()
    for body in (record * 3, record * 500, b"{" + b'"status":"success",' * 9):
        packed = dictionary.pack(body)
        assert packed is not None and not is_packed(packed)
        assert unpacked(packed) == unpacked(*(packed[at : at + 7] for at in range(0, len(packed), 7))) == body


def test_what_it_does_not_make_shorter_is_not_packed() -> None:
    assert dictionary.pack(random.Random(1).randbytes(500)) is None
    assert dictionary.pack(b'{"status":"success","statuscode":"200"}') is None
    assert dictionary.pack(b" " * (dictionary.MOST + 1)) is None


def test_a_few_bytes_are_unpacked_in_steps() -> None:
    packer = zlib.compressobj(9, zdict=dictionary.words())
    steps = list(map(len, dictionary.unpack([packer.compress(b" " * 5_000_000) + packer.flush()])))
    assert sum(steps) == 5_000_000 and max(steps) <= CHUNK


@pytest.mark.parametrize("words", [b"another dictionary", dictionary.words()[1:]])
def test_what_was_packed_with_another_one_is_refused(words: bytes) -> None:
    packer = zlib.compressobj(9, zdict=words)
    with pytest.raises(DamagedPacking):
        unpacked(packer.compress(b"<resource" * 100) + packer.flush())


def test_what_follows_its_end_is_refused() -> None:
    packer = zlib.compressobj(9, zdict=dictionary.words())
    nothing = packer.compress(b"") + packer.flush()
    for more in (nothing * 2, nothing + b"\0", nothing + b"x"):
        with pytest.raises(DamagedPacking, match="follows its end"):
            unpacked(more)
        with pytest.raises(DamagedPacking, match="follows its end"):
            unpacked(*(more[at : at + 1] for at in range(len(more))))


def test_what_is_cut_or_changed_is_refused() -> None:
    packed = dictionary.pack(b'<resource name="org_office" uuid="urn:uuid:" mci="1">' * 3)
    assert packed is not None
    for damaged in (packed[:-1], packed[:20], packed[:-1] + bytes([packed[-1] ^ 1])):
        with pytest.raises(DamagedPacking):
            unpacked(damaged)
