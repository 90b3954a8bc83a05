"""Names that every file system takes, and none that leads elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3sync.wire.carried.named_files import files_named, stored_name
from s3sync.wire.carried.names import exchange_folder, file_name, is_site_folder, page_name, site_folder

ONE, TWO = "urn:uuid:0A000000-0000-4000-8000-000000000001", "weird:site/../x"


def test_sites_have_folders_of_their_own() -> None:
    assert site_folder(ONE) == "0a000000-0000-4000-8000-000000000001"
    assert site_folder(TWO).isalnum() and site_folder(TWO) != site_folder(TWO + "x")
    assert exchange_folder(ONE, TWO) == f"{site_folder(ONE)}/{site_folder(TWO)}"


def test_folders_of_others_in_the_same_place_are_told_apart() -> None:
    assert is_site_folder(site_folder(ONE)) and is_site_folder(site_folder(TWO))
    assert not any(
        map(is_site_folder, ("", "..", "Photos", f"{site_folder(ONE)}/x", f"{site_folder(ONE)}\n"))
    )


def test_pages_are_named_by_table_and_number() -> None:
    assert page_name("org_office", 12) == "org_office/12.xml.gz"


@pytest.mark.parametrize("table", ["..", "a/b", "", "Org", "a" * 65])
def test_a_table_leads_nowhere_else(table: str) -> None:
    with pytest.raises(ValueError, match="no name of a table"):
        page_name(table, 1)


@pytest.mark.parametrize("stored", ["../x", ".hidden", "a/b", "a\\b", "a:b", "", "x" * 256])
def test_a_file_leads_nowhere_else(stored: str) -> None:
    with pytest.raises(ValueError, match="no name of a file"):
        file_name(stored)


def test_the_files_of_a_document_are_found_also_across_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = tmp_path / "page.xml"
    names = [f"doc_document.file.{number:016d}.YQ==.txt" for number in range(40)]
    document.write_text(
        "".join(
            f'<data field="file" url="http://x/eden/default/download/{name}" filename="a"/>' for name in names
        )
        + '<data field="x" value="/default/download/no.txt"/><data url="http://x/default/download/..%2Fx"/>'
    )
    for size in (5000, 1 << 20):
        monkeypatch.setattr("s3sync.wire.carried.named_files.CHUNK", size)
        assert files_named(document) == names
    assert stored_name("http://x/eden/default/download/a%20b") == "a b"
