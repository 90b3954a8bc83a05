"""Documents that are taken apart are put together as they were, and take less room packed."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator

import pytest

from benchmarks.documents import MAKERS
from s3sync.wire import columns as columns
from s3sync.wire.columns import LARGEST_BLOCK, START, DamagedColumns, fold, unfold
from tests.support.peer import s3xml


def folded(*chunks: bytes) -> bytes:
    return b"".join(fold(chunks))


def unfolded(data: bytes, size: int = 1 << 20) -> bytes:
    return b"".join(unfold(data[at : at + size] for at in range(0, len(data), size)))


@pytest.mark.parametrize("maker", list(MAKERS))
def test_records_take_a_quarter_less_room(maker: str) -> None:
    text = s3xml("".join(MAKERS[maker](number) for number in range(2000)))
    document = text if isinstance(text, bytes) else text.encode()
    found = folded(document)
    assert unfolded(found) == document
    assert len(zlib.compress(found)) < 0.75 * len(zlib.compress(document))


ODD = [
    b"",
    b"x",
    b"\n",
    b"no markup at all, and \xff no text either",
    b"\x00\x01\x02\x03\x04\x05",
    START,
    START + b"of somebody else",
    "<a>\u00e4\U0001f600</a>".encode() * 10,
    b'<data field="name" value="&quot;&quot;"></data>' * 3,
    b'<data field="name" value="&quot;A&quot;">A</data><data field="x" value="A"/>',
    b'<resource uuid="urn:uuid:00000000-0000-0000-0000-00000000000A"/>',
    b'<resource uuid="urn:uuid:00000000-0000-0000-0000-00000000000a" mci="1"/><x uuid="urn:uuid:0"/>',
    b"<a b='single' c=\"double\">text <b/> tail\n</a></resource></resource>",
    b"</resource>" * 70_000,
]


@pytest.mark.parametrize("document", ODD, ids=range(len(ODD)))
@pytest.mark.parametrize("block", [7, 64, 1 << 20])
def test_whatever_it_is_comes_back(monkeypatch: pytest.MonkeyPatch, document: bytes, block: int) -> None:
    monkeypatch.setattr(columns, "BLOCK", block)
    if len(document) / block > 20_000:
        document = document[: block * 20_000]
    assert unfolded(folded(document), 1000) == document


def words(seed: int) -> Iterator[bytes]:
    choose = random.Random(seed)
    pieces = [
        b"<resource name=\"", b"uuid=\"urn:uuid:12345678-1234-1234-1234-123456789abc\"",
        b" value=\"&quot;", b"&quot;\"",
        b">", b"<", b"</resource>", b"\n", b"\"", b" field=\"a\"", b"text", "ü".encode(), b"=", b"/>", b"\x00",
    ]  # fmt: skip
    for _ in range(choose.randrange(60)):
        yield choose.choice(pieces[:-1] if seed % 5 else pieces)


@pytest.mark.parametrize("seed", range(200))
def test_so_does_what_only_looks_like_a_document(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(columns, "BLOCK", 1 + seed * 3)
    document = b"".join(words(seed))
    assert unfolded(folded(*words(seed)), 1 + seed % 9) == document


def test_a_document_that_was_not_taken_apart_stays() -> None:
    assert unfolded(b"<s3xml/>") == b"<s3xml/>" and unfolded(b"") == b""


def test_what_is_damaged_is_told() -> None:
    whole = folded("".join(MAKERS["org_organisation"](number) for number in range(20)).encode())
    for end in range(len(START) + 1, len(whole), 37):
        with pytest.raises(DamagedColumns):
            unfolded(whole[:end])
    choose = random.Random(1)
    for _ in range(300):
        broken = bytearray(whole)
        broken[choose.randrange(len(START), len(broken))] ^= 1 << choose.randrange(8)
        try:
            unfolded(bytes(broken))
        except DamagedColumns:
            continue


def test_a_small_document_becomes_no_endless_one() -> None:
    large, shape = "x" * 60_000, "\x03" * 60_000
    # The value before, 60,000 times once more.
    value = [b"\x010\x02" + shape.encode(), b"\x00\x00", b"", large.encode()]
    told = b"".join([columns._NUMBER.pack(4), *(columns._NUMBER.pack(len(each)) for each in value), *value])
    with pytest.raises(DamagedColumns, match="too large"):
        unfolded(START + b"\x01" + columns._NUMBER.pack(len(told)) + told)
    with pytest.raises(DamagedColumns):
        unfolded(START + b"\x00" + columns._NUMBER.pack(LARGEST_BLOCK + 1) + b"x")


def taken_apart(*parts: bytes) -> bytes:
    number = columns._NUMBER.pack
    body = b"".join([number(len(parts)), *(number(len(each)) for each in parts), *parts])
    return START + b"\x01" + number(len(body)) + body


@pytest.mark.parametrize(
    "parts",
    [
        # The number of a column in thousands of digits.
        (b"\x01" + b"1" * 5000 + b"\x02", b"\x00\x00", b""),
        # Empty values, again and again: nothing is written, and it takes days.
        (b"\x03" * 60_000, b"\x00\x00" * 60_000, b""),
        # As many pieces as bytes.
        (b"\x03" * (4 << 20), b"\x00\x00", b""),
    ],
    ids=["digits", "work", "memory"],
)
def test_what_takes_work_or_memory_without_text_is_refused_before(
    monkeypatch: pytest.MonkeyPatch, parts: tuple[bytes, ...]
) -> None:
    made, pieces = [0], columns._pieces

    def counted(shape: str) -> list[tuple[str, int | None]]:
        found = pieces(shape)
        made[0] += len(found)
        return found

    monkeypatch.setattr(columns, "_pieces", counted)
    if parts[0].startswith(b"\x01"):
        # No mark: text, which has to be none that a block of ours can have.
        assert unfolded(taken_apart(*parts)) == parts[0]
    else:
        with pytest.raises(DamagedColumns):
            unfolded(taken_apart(*parts))
    assert made[0] <= columns.MOST_MARKS


@pytest.mark.parametrize("text", [">a<" * 300_000, ' a="b"' * 150_000, '<a b="&quot;&quot;">' * 50_000])
def test_no_text_of_ours_has_too_many_marks(text: str) -> None:
    assert unfolded(folded(text.encode())) == text.encode()
