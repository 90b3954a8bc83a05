"""Files on their way: whole, within limits, and gone afterwards."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest

from s3sync.core.errors import DocumentTooLarge, PeerUnreachable, StoreFull, TruncatedDocument
from s3sync.transport.limits import Limits
from s3sync.transport.places.spool import Spool


def test_a_file_is_measured_and_gone_when_it_was_sent(tmp_path: Path) -> None:
    with Spool(tmp_path, Limits()).measured(io.BytesIO(b"abc")) as found:
        assert (found.file.read(), found.size) == (b"abc", 3)
        assert found.sha256 == hashlib.sha256(b"abc").hexdigest()
    assert list(tmp_path.iterdir()) == []


def test_a_source_that_breaks_is_told(tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(5, "the stick was pulled out")

    with pytest.raises(StoreFull, match="pulled out"), Spool(tmp_path, Limits()).measured(Broken()):
        pass


def test_what_ends_too_early_is_not_taken(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Limits())
    with pytest.raises(TruncatedDocument, match="has 4 bytes, and 3 came"):
        spool.received("there", [b"abc"], 4)
    with spool.received("there", [b"ab", b"c"], 3) as found:
        assert found.read() == b"abc"


def test_what_has_no_end_is_not_received_to_its_end(tmp_path: Path) -> None:
    taken = 0

    def endless() -> object:
        nonlocal taken
        while True:
            taken += 100_000
            yield bytes(100_000)

    spool = Spool(tmp_path, Limits(document_size=1_000_000, file_size=1))
    with pytest.raises(DocumentTooLarge):
        spool.received("there", endless())  # type: ignore[arg-type]
    assert taken < 2_000_000


def test_what_is_too_large_as_its_server_says_is_not_begun(tmp_path: Path) -> None:
    def nothing() -> object:
        pytest.fail("it was asked for")
        yield b""

    spool = Spool(tmp_path, Limits(document_size=1_000_000, file_size=1))
    with pytest.raises(DocumentTooLarge, match="has 5000000 bytes"):
        spool.received("there", nothing(), 5_000_000)  # type: ignore[arg-type]
    with pytest.raises(DocumentTooLarge):
        spool.check_size("there", 2**60)
    spool.check_size("there", 1_000_000)
    spool.check_size("there", None)


def test_what_comes_too_slowly_or_too_late_ends(tmp_path: Path) -> None:
    slow = Limits(least_rate=1e12, rate_window=1e-9)
    with pytest.raises(PeerUnreachable):
        Spool(tmp_path, slow).received("there", [b"a", b"b", b"c"])
    with pytest.raises(PeerUnreachable, match="in time"):
        Spool(tmp_path, Limits(answer_time=-1.0)).received("there", [b"a"])
