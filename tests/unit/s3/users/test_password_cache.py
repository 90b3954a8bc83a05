"""Right passwords are remembered, and nothing else is ever taken for right."""

from __future__ import annotations

from s3.users.password_cache import MOST, RightPasswords


def test_only_what_matched_is_known() -> None:
    known = RightPasswords()
    assert not known.knows("secret", "hash")
    known.remember("secret", "hash")
    assert known.knows("secret", "hash")
    assert not known.knows("other", "hash")
    assert not known.knows("secret", "changed")
    assert not known.knows("secreth", "ash"), "the border between them counts"


def test_only_so_many_are_remembered_the_least_used_go_first() -> None:
    known = RightPasswords()
    for number in range(MOST):
        known.remember(str(number), "hash")
    assert known.knows("0", "hash")
    known.remember("one more", "hash")
    assert known.knows("0", "hash") and not known.knows("1", "hash")
