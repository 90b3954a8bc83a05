"""The functions for duplicates of a real Eden are asked with an item of ours. Skipped without an Eden."""

from __future__ import annotations

from pathlib import Path

from tests.support.real_eden import EMAIL, MARKS, PASSWORD, copied

pytestmark = MARKS


def test_each_function_is_asked_and_finds_the_record_itself_or_none(tmp_path: Path) -> None:
    eden = copied(tmp_path / "web2py")
    account = eden.ask("administrator", email=EMAIL, password=PASSWORD)
    eden.ask("fill", account=account, numbers=(1,))
    eden.install()
    found = eden.ask("ask_functions")
    failed = {table: answer for table, (_, answer) in found.items() if isinstance(answer, str)}
    recognised = {table for table, (key, answer) in found.items() if answer == key}
    print(found)
    assert len(found) >= 15 and failed == {}
    assert len(recognised) >= 10, found
