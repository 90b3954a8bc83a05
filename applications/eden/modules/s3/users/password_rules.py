"""How passwords are checked and stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


#: Slow enough to make guessing expensive, fast enough for HTTP Basic with every request.
PASSWORD_ALGORITHM = "pbkdf2(20000,20,sha512)"
MINIMUM_PASSWORD_LENGTH = 8
