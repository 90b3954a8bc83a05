"""The names of sites in the root element."""

from __future__ import annotations

import pytest

from s3sync.wire.s3xml.site_names import read_site_names, write_site_names

NAMES = {"ab12cd34": "Field office", "ef": 'Büro; 100% "west" = <o> & مكتب'}


def test_what_was_written_is_read() -> None:
    text = write_site_names(NAMES, 200)
    assert read_site_names(text) == NAMES
    assert not set(text) & set('"&<>')


def test_as_many_as_there_is_room_for() -> None:
    whole = write_site_names(NAMES, 200)
    assert write_site_names(NAMES, len(whole.encode())) == whole
    assert write_site_names(NAMES, len(whole.encode()) - 1) == "ab12cd34=Field office"
    assert write_site_names(NAMES, 3) == "" and read_site_names("") == read_site_names(None) == {}


@pytest.mark.parametrize(
    "part",
    [
        "",
        "=",
        "ab",
        "ab=",
        "ab= ",
        "A!=name",
        "ab=two%0Alines",
        f"ab={'x' * 65}",
        f"{'a' * 33}=name",
        "ab=\u202e",
    ],
)
def test_what_is_no_name_is_left_out(part: str) -> None:
    assert read_site_names(f"{part};cd=Camp") == {"cd": "Camp"}
    identifier, _, name = part.partition("=")
    assert "Camp" in write_site_names({identifier: name.replace("%0A", "\n"), "cd": "Camp"}, 200)


def test_no_more_than_a_page_can_need() -> None:
    assert len(read_site_names(";".join(f"{number}=n" for number in range(1000)))) == 50
    assert read_site_names("a=" + "x" * 100_000_000) == {}
