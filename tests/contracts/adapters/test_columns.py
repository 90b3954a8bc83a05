"""Documents travel column by column where both sites can, and the line is slow or not known."""

from __future__ import annotations

import gzip as gzip_module
from collections.abc import Callable
from pathlib import Path

import pytest

from s3sync.adapters.eden import EdenAdapter
from s3sync.adapters.testing import organisations
from s3sync.exchange.peer import Asking, Exchange, Sending
from s3sync.wire.columns import START, fold, unfold
from tests.support.peer import Answer, Asked, FakePeer, as_json


@pytest.mark.parametrize("capabilities", [(), ("gzip",), ("columns",), ("gzip", "columns")])
def test_over_a_line_of_which_nothing_is_known_documents_travel_column_by_column(
    peer: FakePeer, connect: Callable[..., EdenAdapter], tmp_path: Path, capabilities: tuple[str, ...]
) -> None:
    page = organisations(*range(300))
    packed = gzip_module.compress(b"".join(fold([page])))

    def answer(asked: Asked) -> Answer:
        if asked.method == "POST":
            return as_json({"status": "success"})
        wanted = asked.value("columns") == "1"
        return Answer(200, packed if wanted else page, headers={"Content-Encoding": "gzip"} if wanted else {})

    adapter = connect(answer, capabilities=frozenset(("cursor", *capabilities)))
    found = adapter.pull(Exchange("org_organisation"), Asking("", 90))
    assert found.path.read_bytes() == page
    both = capabilities == ("gzip", "columns")
    assert (peer.asked[-1].value("columns") == "1") is both
    document = tmp_path / "page.xml"
    document.write_bytes(page)
    adapter.push(Exchange("org_organisation"), document, Sending("j", ""))
    plain = peer.asked[-1].body
    assert plain.startswith(START) is both and b"".join(unfold([plain])) == page


def test_over_a_fast_line_they_travel_as_they_are(
    connect: Callable[..., EdenAdapter], peer: FakePeer
) -> None:
    adapter = connect(
        lambda asked: Answer(200, organisations(1)), capabilities=frozenset(("gzip", "columns"))
    )
    adapter.transport.line.brought(2_000_000, 1.0)
    adapter.pull(Exchange("org_organisation"), Asking("", 90))
    adapter.transport.line.brought(2_000_000, 100.0)
    adapter.pull(Exchange("org_organisation"), Asking("", 90))
    # Decided once: a page that broke off is asked for by the same address.
    assert [each.value("columns") for each in peer.asked] == [None, None]
