"""Files with names that web2py cut off: found, downloaded under a name of their type, and sent to other sites."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from s3sync.database.files import name_downloads
from tests.support.exchange import Pair
from tests.support.site import SampleSite

DOCUMENT = "doc_document"
LONG = "Протокол координационного совещания по размещению вынужденных переселенцев 12 марта.docx"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SampleSite]:
    made = SampleSite(tmp_path / "site")
    yield made
    made.close()


def uploaded(site: SampleSite, name: str) -> str:
    """Upload a file as a form does; return its stored name."""
    with site.store.transaction():
        stored: str = site.s3db[DOCUMENT].file.store(io.BytesIO(name.encode()), name)
        site.s3db[DOCUMENT].insert(name="Minutes", uuid="d", file=stored)
    return stored


@pytest.mark.parametrize("name", [LONG, "a" * 163 + ".tar.gz", "x" * 400 + ".pdf", "отчет.док", "README"])
@pytest.mark.parametrize("separate", [False, True])
def test_a_file_is_downloaded_under_a_name_of_its_type(site: SampleSite, name: str, separate: bool) -> None:
    column = site.s3db[DOCUMENT].file
    column.uploadseparate = separate
    stored = uploaded(site, name)
    name_downloads(column)
    shown, path = column.retrieve(stored, nameonly=True)
    assert Path(path).read_text(encoding="utf-8") == name
    assert Path(path).samefile(site.files.path(DOCUMENT, "file", stored))
    assert Path(shown).suffix == Path(name).suffix and shown[:10] == name[:10].replace(" ", "_")


def test_a_file_that_both_have_under_the_name_that_somebody_gave_is_neither_sent_nor_renamed(
    tmp_path: Path,
) -> None:
    sites = []
    for name in "ab":
        folder = tmp_path / f"markers {name}"
        folder.mkdir()
        (folder / "house.png").write_bytes(b"a picture")
        made = SampleSite(tmp_path / name, configure=lambda s3db, at=folder: _files_in(s3db, at))
        with made.store.transaction():
            made.s3db[DOCUMENT].insert(name="House", uuid="d", file="house.png")
        sites.append(made)
    pair = Pair(*sites, DOCUMENT)
    for _ in range(2):
        pair.run()
        assert [site.row(DOCUMENT, "d").file for site in sites] == ["house.png"] * 2
    assert [site.db(site.db.sync_deferred).count() for site in sites] == [0, 0]
    assert [site.db(site.db.sync_kept).count() for site in sites] == [0, 0]


def _files_in(s3db: Any, folder: Path) -> None:
    s3db[DOCUMENT].file.uploadfolder = str(folder)


@pytest.mark.parametrize("name", [LONG, "a" * 163 + ".tar.gz", "отчет.док"])
def test_it_reaches_the_other_site_whoever_begins(site: SampleSite, tmp_path: Path, name: str) -> None:
    stored = uploaded(site, name)
    for begins in (True, False):
        other = SampleSite(tmp_path / f"other{begins}")
        Pair(*((site, other) if begins else (other, site)), DOCUMENT).run()
        assert other.row(DOCUMENT, "d").file == stored
        assert other.files.path(DOCUMENT, "file", stored).read_text() == name
        other.close()
