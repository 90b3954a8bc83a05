"""What is sealed opens with the same passphrase at the same place, whole, and in no other way."""

from __future__ import annotations

import io
import struct
import tracemalloc
from collections.abc import Iterator

import pytest

from s3sync.wire.carried import sealing as sealing
from s3sync.wire.carried.sealing import (
    HEADER,
    PIECE,
    TAG,
    Cost,
    DamagedSeal,
    NotSealed,
    PieceReader,
    Seal,
    SealError,
    WrongPassphrase,
    is_sealed,
    plain_size,
    suggestion,
)

CHEAP = Cost(sealing.CHEAPEST)
WORDS = "correct horse battery"
PLACE = "a/b/org_organisation/1.xml.gz"


def sealed(content: bytes, place: str = PLACE, seal: Seal | None = None) -> bytes:
    return b"".join((seal or Seal(WORDS, CHEAP)).sealed(io.BytesIO(content), place))


def opened(text: bytes, place: str = PLACE, words: str = WORDS) -> bytes:
    return b"".join(Seal(words, CHEAP).opened(io.BytesIO(text), place))


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE + 7])
def test_what_is_sealed_opens_as_it_was(size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    text = sealed(content[:size])
    assert is_sealed(text) and opened(text) == content[:size]
    pieces = max(1, -(-size // PIECE))
    assert len(text) == HEADER + size + pieces * TAG and plain_size(len(text)) == size
    assert size < 16 or content[:16] not in text


def test_another_passphrase_opens_nothing_and_says_so() -> None:
    with pytest.raises(WrongPassphrase):
        opened(sealed(b"records"), words="correct horse batteries")


def test_blanks_and_the_form_of_letters_do_not_matter() -> None:
    text = sealed(b"records", seal=Seal("caf\u00e9  au lait long ", CHEAP))
    assert opened(text, words=" cafe\u0301 au lait long") == b"records"


def test_a_file_opens_only_in_its_place() -> None:
    with pytest.raises(WrongPassphrase):
        opened(sealed(b"records"), place="b/a/org_organisation/1.xml.gz")


def test_what_is_not_sealed_is_told_as_such() -> None:
    for text in (b"", b"{}", b"EDENSEA"):
        with pytest.raises(NotSealed):
            opened(text)


@pytest.mark.parametrize("cut", [1, TAG, TAG + 1, PIECE, PIECE + TAG, 2 * (PIECE + TAG)])
def test_a_file_that_is_cut_anywhere_does_not_open(cut: int) -> None:
    text = sealed(b"x" * (3 * PIECE))
    with pytest.raises(DamagedSeal):
        opened(text[:-cut])


def test_a_header_that_is_cut_does_not_open() -> None:
    with pytest.raises(DamagedSeal):
        opened(sealed(b"records")[: HEADER - 1])


def pieces_of(text: bytes) -> tuple[bytes, list[bytes]]:
    body = text[HEADER:]
    size = PIECE + TAG
    return text[:HEADER], [body[at : at + size] for at in range(0, len(body), size)]


@pytest.mark.parametrize("order", [[1, 0, 2], [0, 0, 1, 2], [0, 2], [0, 1, 2, 2], [0, 1], [2]])
def test_pieces_that_are_missing_repeated_or_in_another_order_do_not_open(order: list[int]) -> None:
    head, pieces = pieces_of(sealed(b"a" * PIECE + b"b" * PIECE + b"c" * PIECE))
    with pytest.raises(DamagedSeal):
        opened(head + b"".join(pieces[each] for each in order))


def test_pieces_of_another_file_with_the_same_passphrase_do_not_open() -> None:
    seal = Seal(WORDS, CHEAP)
    one, other = (pieces_of(sealed(letter * PIECE * 2, seal=seal)) for letter in (b"a", b"b"))
    with pytest.raises(DamagedSeal):
        opened(one[0] + one[1][0] + other[1][1])


def test_what_lies_behind_the_last_piece_is_refused() -> None:
    with pytest.raises(DamagedSeal):
        opened(sealed(b"records") + b"more")


@pytest.mark.parametrize(
    ("at", "value"), [(8, 2), (9, 19), (9, 255), (9, 13), (9, 0), (10, 16), (10, 0), (11, 0), (11, 5)]
)
def test_what_a_header_asks_for_is_checked_before_anything_is_computed(
    at: int, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> bytes:
        raise AssertionError("a key was computed")

    text = bytearray(sealed(b"records"))
    text[at] = value
    monkeypatch.setattr(sealing, "_key_of", never)
    with pytest.raises(DamagedSeal):
        opened(bytes(text))


def test_each_bit_of_the_header_counts() -> None:
    text = sealed(b"records")
    for at in range(12, HEADER, 5):
        changed = bytearray(text)
        changed[at] ^= 1
        with pytest.raises(SealError):
            opened(bytes(changed))


def test_the_header_is_as_the_protocol_says() -> None:
    magic, version, log_n, block, parallel = struct.unpack(">8sBBBB", sealed(b"")[:12])
    assert (magic, version, log_n, block, parallel) == (b"EDENSEAL", 1, 14, 8, 1)
    assert (HEADER, sealing.LOG_N) == (92, 17)


def test_files_of_one_seal_share_their_key_and_no_two_are_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    seal = Seal(WORDS, CHEAP)
    one, two = (sealed(b"the same", seal=seal) for _ in range(2))
    assert one[12:28] == two[12:28] and one[28:] != two[28:]
    reader = Seal(WORDS, CHEAP)
    assert b"".join(reader.opened(io.BytesIO(one), PLACE)) == b"the same"
    assert sealed(b"answer", seal=reader)[12:28] == one[12:28], "an answer has the salt of what was read"


def test_memory_stays_flat() -> None:
    size = 32 * 1024 * 1024

    class Endless(io.RawIOBase):
        left = size

        def read(self, most: int = -1) -> bytes:
            count = min(most, self.left)
            self.left -= count
            return bytes(count)

    seal = Seal(WORDS, CHEAP)
    next(seal.sealed(io.BytesIO(b""), PLACE))
    tracemalloc.start()
    source = PieceReader(seal.sealed(Endless(), PLACE))  # type: ignore[arg-type]
    count = sum(len(piece) for piece in seal.opened(io.BufferedReader(source), PLACE))  # type: ignore[arg-type]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == size and most < 2 * 1024 * 1024


def test_a_source_that_gives_less_than_it_is_asked_for_is_sealed_whole() -> None:
    class Dripping(io.BytesIO):
        def read(self, most: int | None = -1) -> bytes:
            return super().read(min(most or 0, 1000))

    content = b"0123456789" * 20_000
    text = b"".join(Seal(WORDS, CHEAP).sealed(Dripping(content), PLACE))
    assert b"".join(Seal(WORDS, CHEAP).opened(Dripping(text), PLACE)) == content


def test_a_reader_of_pieces_is_a_file_and_closes_the_one_behind_it() -> None:
    def pieces() -> Iterator[bytes]:
        yield b"ab"
        yield b""
        yield b"cde"

    behind = io.BytesIO()
    reader = io.BufferedReader(PieceReader(pieces(), behind))
    assert reader.read(4) == b"abcd" and reader.read() == b"e"
    reader.close()
    assert behind.closed


def test_a_suggestion_is_long_enough_and_never_the_same() -> None:
    found = {suggestion() for _ in range(50)}
    assert len(found) == 50 and all(len(each) == 24 for each in found)
