"""What was typed is kept for its user, within limits of size, number and time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from s3.pages.typed_forms import LASTS, LONGEST, MOST, TooLong, TypedForms
from s3sync.site.vault import Vault

PATH = "/eden/org/office/5/update"


class Clock:
    moment = 1_800_000_000.0

    def __call__(self) -> float:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def typed(tmp_path: Path, clock: Clock) -> TypedForms:
    return TypedForms(tmp_path / "typed", Vault(tmp_path, "forms.key"), clock)


def test_it_is_found_by_its_user_alone(typed: TypedForms) -> None:
    token = typed.keep(7, PATH, {"name": "Ärzte", "types": ["1", "2"]})
    found = typed.find(7, token)
    assert found is not None and found.fields == {"name": "Ärzte", "types": ["1", "2"]}
    assert (found.address, found.token) == (PATH, token)
    assert typed.find(8, token) is None and typed.find(77, token) is None


def test_it_is_encrypted_and_read_by_nobody_else(typed: TypedForms, tmp_path: Path) -> None:
    typed.keep(7, PATH, {"name": "Ana"})
    (path,) = (tmp_path / "typed").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600 and (tmp_path / "typed").stat().st_mode & 0o777 == 0o700
    assert b"Ana" not in path.read_bytes() and b"office" not in path.read_bytes()


def test_it_is_listed_until_its_user_has_seen_it(typed: TypedForms) -> None:
    first, second = typed.keep(7, PATH, {"n": "1"}), typed.keep(7, PATH, {"n": "2"})
    typed.keep(8, PATH, {"n": "3"})
    assert {each.token for each in typed.unseen(7)} == {first, second}
    typed.find(7, first)
    assert [each.token for each in typed.unseen(7)] == [second]
    assert typed.find(7, first) is not None, "it can be looked at once more"


def test_it_is_gone_when_it_is_saved(typed: TypedForms, tmp_path: Path) -> None:
    token = typed.keep(7, PATH, {"n": "1"})
    typed.forget(8, token)
    assert typed.find(7, token) is not None
    typed.forget(7, token)
    typed.forget(7, token)
    assert typed.find(7, token) is None and not list((tmp_path / "typed").iterdir())


def test_it_is_kept_for_a_day(typed: TypedForms, clock: Clock) -> None:
    token = typed.keep(7, PATH, {"n": "1"})
    clock.moment += LASTS
    assert typed.find(7, token) is not None
    clock.moment += 1
    assert typed.find(7, token) is None and typed.unseen(7) == []


def test_only_the_latest_of_a_user_are_kept(typed: TypedForms, tmp_path: Path) -> None:
    tokens = []
    for number in range(MOST + 3):
        tokens.append(typed.keep(7, PATH, {"n": str(number)}))
        os.utime(tmp_path / "typed" / f"7-{tokens[-1]}.new", (number, number))
    other = typed.keep(8, PATH, {"n": "x"})
    assert [typed.find(7, each) is None for each in tokens] == [True] * 3 + [False] * MOST
    assert typed.find(8, other) is not None


def test_more_than_is_kept_is_refused(typed: TypedForms, tmp_path: Path) -> None:
    with pytest.raises(TooLong):
        typed.keep(7, PATH, {"n": "x" * LONGEST})
    assert not (tmp_path / "typed").exists()


@pytest.mark.parametrize("token", ["", "../../private/vault", "0" * 31, "g" * 32, "0" * 32])
def test_what_is_no_name_of_it_finds_nothing(typed: TypedForms, token: str) -> None:
    typed.keep(7, PATH, {"n": "1"})
    assert typed.find(7, token) is None


def test_what_another_key_has_encrypted_is_as_if_it_were_not_there(typed: TypedForms, tmp_path: Path) -> None:
    token = typed.keep(7, PATH, {"n": "1"})
    (tmp_path / "forms.key").unlink()
    other = TypedForms(tmp_path / "typed", Vault(tmp_path, "forms.key"), Clock())
    other.keep(8, PATH, {"n": "2"})
    assert other.find(7, token) is None
