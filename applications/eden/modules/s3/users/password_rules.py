"""How passwords are checked and stored."""

from __future__ import annotations

import hashlib
import re
from typing import Any

#: What a guess costs who has stolen the database (OWASP 2023: 210,000 rounds for SHA-512). Requests of programs do
#: not pay for it each time: see ``password_cache``.
ROUNDS = 210_000
PASSWORD_ALGORITHM = f"pbkdf2({ROUNDS},20,sha512)"
MINIMUM_PASSWORD_LENGTH = 8
_ROUNDS = re.compile(r"pbkdf2\((\d{1,9}),")


def is_right(field: Any, password: str, stored: str | None) -> bool:
    """Return whether a password is right. No password, and an older hash, take as long as a hash of today.

    Args:
        field: auth_user.password.
        password: what was given.
        stored: the stored hash, None if there is no such user.
    """
    hashed = stored or f"{PASSWORD_ALGORITHM}$salt$00"
    right = bool(field.validate(password)[0] == hashed)
    if not right:
        spend(ROUNDS - _rounds(hashed))
    return right and bool(stored)


def is_outdated(stored: str) -> bool:
    """Return whether a hash is cheaper than those of today."""
    return _rounds(stored) < ROUNDS


def hashed(field: Any, password: str) -> str:
    """Return the hash of a password to store."""
    return str(field.validate(password)[0])


def spend(rounds: int) -> None:
    """Work as long as so many rounds of the hash take."""
    if rounds > 0:
        hashlib.pbkdf2_hmac("sha512", b"nothing", b"salt", rounds, 20)


def _rounds(stored: str) -> int:
    found = _ROUNDS.match(stored)
    return int(found.group(1)) if found else 0
