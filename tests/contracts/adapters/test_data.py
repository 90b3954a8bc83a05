"""The archive of a site of ours: it goes on where the line broke, and is checked by its digest."""

from __future__ import annotations

import hashlib
import io
import random
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest

from s3sync.adapters.base import Remote
from s3sync.adapters.data import DataAdapter
from s3sync.adapters.lines import Lines
from s3sync.core.clock import SystemClock
from s3sync.core.errors import SyncError
from s3sync.exchange.peer import Asking, Exchange, PullResult
from s3sync.wire.archive import MANIFEST, ArchivedDocument, Manifest, deletions_of, entry_of
from s3sync.wire.data_sets import PublishedSet, PublishedTask, Stamp, sets_document, tasks_document
from s3sync.wire.part_store import PartStore
from tests.support.peer import Answer, Asked, FakePeer, organisation, s3xml

UUID, RESOURCE = "urn:uuid:task", "org_organisation"
TASK = PublishedTask(Stamp(UUID), RESOURCE)
GONE = '<resource name="org_organisation" uuid="urn:gone" deleted="True" modified_on="2026-01-01T00:00:00"></resource>'
#: What does not compress: the download takes a while.
NOISE = random.Random(7).randbytes(300_000)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Provider:
    """A site of ours with one data set.

    Attributes:
        archive: the content of its archive.
        cut: after how many bytes each answer with the archive breaks off, one after the other.
        asked: ranges that were asked for.
    """

    def __init__(self) -> None:
        self.live, self.gone = s3xml(organisation(1), organisation(2)), s3xml(GONE)
        self.told = ArchivedDocument(RESOURCE, False, (), sha256(self.live), sha256(self.gone), 2)
        self.archive = self.packed()
        self.cut: list[int] = []
        self.asked: list[str | None] = []
        self.url = "/sync/archive/SET/tasks"

    def packed(self, **changed: object) -> bytes:
        told = ArchivedDocument(**{**self.told.__dict__, **changed})  # type: ignore[arg-type]
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packing:
            packing.writestr(entry_of(UUID), self.live)
            packing.writestr(deletions_of(UUID), self.gone)
            packing.writestr(MANIFEST, Manifest("journal", 12, None, {entry_of(UUID): told}).to_bytes())
            packing.writestr("noise", NOISE)
        return out.getvalue()

    def __call__(self, asked: Asked) -> Answer:
        published = PublishedSet(Stamp("urn:set"), "SET", archive_url=self.url, tasks=(TASK,))
        if asked.path == "/eden/sync/dataset.xml":
            return Answer(body=sets_document([published], "", parts=True).encode())
        if asked.path == "/eden/sync/task.xml":
            return Answer(body=tasks_document([(published, TASK)], "").encode())
        if asked.path == "/eden/sync/archive/SET/tasks":
            return self._archive(asked)
        return Answer(body=s3xml(cursor="journal.20.eden", more="false", journal="journal"))

    def _archive(self, asked: Asked) -> Answer:
        begins = re.fullmatch(r"bytes=([0-9]+)-", asked.headers.get("Range", ""))
        self.asked.append(begins[1] if begins else None)
        size, tag = len(self.archive), f'"{sha256(self.archive)}"'
        answer = Answer(body=self.archive, content_type="application/zip", headers={"ETag": tag})
        if begins and asked.headers.get("If-Range") == tag:
            at = int(begins[1])
            answer.status, answer.body = 206, self.archive[at:]
            answer.headers["Content-Range"] = f"bytes {at}-{size - 1}/{size}"
        answer.cut = self.cut.pop(0) if self.cut else None
        return answer


@pytest.fixture()
def provider() -> Provider:
    return Provider()


@pytest.fixture()
def pull(tmp_path: Path, provider: Provider) -> Iterator[Callable[..., PullResult]]:
    spool = tmp_path / "spool"
    spool.mkdir()
    clock = SystemClock()
    lines = Lines(spool, clock, parts=PartStore(tmp_path / "parts", clock, 3600))
    with FakePeer(provider) as server:
        remote = Remote(1, None, "Provider", "urn:own", "own", {"url": server.url}, datasets=("SET",))
        with DataAdapter(remote, lines) as adapter:
            yield lambda first=True: adapter.pull(
                Exchange(RESOURCE, components=False), Asking("", 10, first=first)
            )
    assert not [*spool.iterdir()]


def test_the_archive_comes_with_its_deletions_and_goes_on_by_cursor(pull: Callable[..., PullResult]) -> None:
    found = pull()
    text = found.path.read_text()
    assert "Organisation 2" in text and "urn:gone" in text and text.count("</s3xml>") == 1
    assert (found.cursor, found.more, found.is_ours) == ("journal.12.archive", True, False)
    assert "archive of the data set SET" in str(found.remarks[0].text)
    found.discard()


def test_what_was_fetched_before_is_not_taken_from_an_archive(
    pull: Callable[..., PullResult], provider: Provider
) -> None:
    found = pull(first=False)
    assert provider.asked == [] and found.is_ours and found.cursor == "journal.20.eden"
    found.discard()


def test_a_download_goes_on_where_the_line_broke(pull: Callable[..., PullResult], provider: Provider) -> None:
    provider.cut = [200_000]
    with pytest.raises(SyncError) as caught:
        pull()
    assert caught.value.transient and caught.value.brought >= 190_000
    found = pull()
    assert provider.asked[0] is None and int(provider.asked[1] or 0) > 190_000, "only the rest"
    assert "Organisation 1" in found.path.read_text()
    found.discard()


def test_another_archive_in_between_begins_at_its_start(
    pull: Callable[..., PullResult], provider: Provider
) -> None:
    provider.cut = [200_000]
    with pytest.raises(SyncError):
        pull()
    provider.live = s3xml(organisation(3))
    provider.told = ArchivedDocument(RESOURCE, False, (), sha256(provider.live), sha256(provider.gone), 1)
    provider.archive = provider.packed()
    found = pull()
    assert "Organisation 3" in found.path.read_text()
    found.discard()


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"sha256": "0" * 64}, "digest"),
        ({"deletions": "0" * 64}, "digest"),
        ({"resource": "org_office"}, "before the resource was changed"),
        ({"components": True}, "before the resource was changed"),
        ({"conditions": ("~.name=A",)}, "before the resource was changed"),
    ],
)
def test_an_archive_that_was_made_for_something_else_is_not_taken(
    pull: Callable[..., PullResult], provider: Provider, changed: dict[str, object], why: str
) -> None:
    provider.archive = provider.packed(**changed)
    found = pull()
    assert found.is_ours and found.remarks[0].warns and why in str(found.remarks[0].text)
    found.discard()


@pytest.mark.parametrize("live", ["", "<x/>", "<?xml", "<s3xml></s3xml>\n\n"])
def test_an_archive_whose_document_is_none_is_not_taken(
    pull: Callable[..., PullResult], provider: Provider, live: str
) -> None:
    provider.live = live.encode()
    provider.archive = provider.packed(sha256=sha256(provider.live))
    found = pull()
    assert found.is_ours and found.remarks[0].warns
    found.discard()


@pytest.mark.parametrize(
    "url",
    [
        "//evil.example/x",
        "ftp://127.0.0.1/x",
        "file:///etc/passwd",
        "http://",
        "http://[::1",
        "http://a@b:x@[",
        "http://127.0.0.1:99999/x",
        "x.zip",
    ],
)
def test_an_address_that_is_none_is_not_asked(
    pull: Callable[..., PullResult], provider: Provider, url: str
) -> None:
    provider.url = url
    found = pull()
    assert found.is_ours and found.remarks[0].warns
    found.discard()
