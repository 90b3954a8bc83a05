"""Bodies that come part by part, and answers that are kept: whose they are, and how much of them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3sync.core.errors import BadRequest, DocumentTooLarge, NotRegistered, StoreFull, TruncatedDocument
from s3sync.passive import parts as passive_parts
from s3sync.wire.part_store import PartStore
from tests.support.site import SampleSite

ONE, OTHER = "urn:uuid:one", "urn:uuid:other"
BODY = b"0123456789" * 100
DIGEST = hashlib.sha256(BODY).hexdigest()


@pytest.fixture()
def site(tmp_path: Path) -> Iterator[SampleSite]:
    made = SampleSite(tmp_path / "own")
    for uuid in (ONE, OTHER):
        made.db.sync_repository.insert(name=uuid, uuid=uuid)
    made.db.commit()
    yield made
    made.close()


def take(site: SampleSite, offset: int, part: bytes, uuid: str = ONE, size: int = len(BODY)) -> int:
    return passive_parts.take_part(site, uuid, DIGEST, offset, size, io.BytesIO(part))


def test_a_body_is_put_together_and_opened_once_it_is_whole(site: SampleSite) -> None:
    assert passive_parts.there(site, ONE, DIGEST) == 0
    assert take(site, 0, BODY[:300]) == 300
    assert take(site, 0, BODY[:500]) == 300 == passive_parts.there(site, ONE, DIGEST)
    with pytest.raises(TruncatedDocument):
        passive_parts.opened(site, ONE, DIGEST)
    assert take(site, 300, BODY[300:] + b"and what does not belong to it") == len(BODY)
    with passive_parts.opened(site, ONE, DIGEST) as source:
        assert source.read() == BODY
    passive_parts.used(site, ONE, DIGEST)
    assert passive_parts.there(site, ONE, DIGEST) == len(BODY), "the answer may have been lost"


def test_nobody_else_can_use_it(site: SampleSite) -> None:
    take(site, 0, BODY)
    assert passive_parts.there(site, OTHER, DIGEST) == 0
    with pytest.raises(TruncatedDocument):
        passive_parts.opened(site, OTHER, DIGEST)
    for uuid in (None, "urn:uuid:unknown"):
        with pytest.raises(NotRegistered):
            take(site, 0, BODY, uuid=uuid or "")
        with pytest.raises(NotRegistered):
            passive_parts.opened(site, uuid, DIGEST)


@pytest.mark.parametrize("name", ["", "../../x", DIGEST.upper(), DIGEST + "0", DIGEST[:-1]])
def test_a_body_is_named_by_its_digest_only(site: SampleSite, name: str) -> None:
    for ask in (passive_parts.there, passive_parts.opened, passive_parts.used):
        with pytest.raises(BadRequest):
            ask(site, ONE, name)
    with pytest.raises(BadRequest):
        passive_parts.take_part(site, ONE, name, 0, 10, io.BytesIO(b"x"))


def test_more_than_is_kept_is_not_taken(site: SampleSite) -> None:
    with pytest.raises(DocumentTooLarge):
        take(site, 0, b"x", size=1 << 40)


def test_a_full_disk_is_told(site: SampleSite, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: PartStore, owner: int, name: str, offset: int, chunks: object) -> int:
        raise OSError(28, "No space left on device", "x")

    monkeypatch.setattr(PartStore, "append", full)
    with pytest.raises(StoreFull):
        take(site, 0, BODY)
    assert passive_parts.keep(site, ONE, "ab", io.BytesIO(BODY), len(BODY)) is None, "an answer goes without"


def test_an_answer_is_kept_for_the_same_question_of_the_same_site(site: SampleSite) -> None:
    assert passive_parts.keep(site, ONE, "ab", io.BytesIO(BODY), len(BODY)) == DIGEST
    assert passive_parts.keep(site, ONE, "ab", io.BytesIO(BODY), len(BODY)) == DIGEST
    kept = passive_parts.kept(site, ONE, "ab", DIGEST)
    assert kept is not None and kept.read() == BODY
    kept.close()
    for uuid, question, digest in (
        (OTHER, "ab", DIGEST),
        (ONE, "cd", DIGEST),
        (ONE, "ab", DIGEST[::-1]),
        (ONE, "ab", "../x"),
        (None, "ab", DIGEST),
    ):
        assert passive_parts.kept(site, uuid, question, digest) is None
    assert passive_parts.keep(site, None, "ab", io.BytesIO(BODY), len(BODY)) is None
    site.parts.answered.remove(site.known_repository(ONE).id, f"ab-{DIGEST}")  # type: ignore[union-attr]
    assert passive_parts.kept(site, ONE, "ab", DIGEST) is None
