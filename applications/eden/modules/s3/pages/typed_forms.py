"""What was typed into a form that could not be saved, kept for the user who typed it: in files, encrypted, for a day.

A file is named by its user and a random token, which is all that stands in addresses. What is kept is limited in
size, number and time, so that nobody can fill the disk with it.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Callable, NamedTuple

from s3sync.core.atomic_write import replace_text
from s3sync.core.errors import ConfigurationError
from s3sync.site.vault import Vault

#: Seconds for which a form is kept.
LASTS = 86_400
#: Characters of a form, and forms of one user.
LONGEST, MOST = 2_000_000, 20
_TOKEN = re.compile(r"[0-9a-f]{32}")
#: How the names of files end: of a form that its user has not seen again yet, and of one that he has.
_NEW, _SEEN = ".new", ".seen"


class TooLong(Exception):
    """More was typed than is kept."""


class TypedForm(NamedTuple):
    """What was typed.

    Attributes:
        token: the name of it in addresses.
        address: address of the page.
        fields: name -> value, or values.
        since: when it was sent, in seconds since 1970.
    """

    token: str
    address: str
    fields: dict[str, Any]
    since: float


class TypedForms:
    """The forms that are kept.

    Args:
        folder: where; made when it is needed.
        vault: encrypts them.
        now: seconds since 1970.
    """

    def __init__(self, folder: Path, vault: Vault, now: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._vault = vault
        self._now = now

    def keep(self, user_id: int, address: str, fields: Mapping[str, Any]) -> str:
        """Keep what a user typed; return its token.

        Args:
            user_id: the user.
            address: address of the page, without what the user typed.
            fields: name -> text, or list of texts.

        Raises:
            TooLong: it is too much.
            OSError, ConfigurationError: it cannot be written.
        """
        text = json.dumps({"address": address, "fields": dict(fields), "since": self._now()})
        if len(text) > LONGEST:
            raise TooLong
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        known = self._of(user_id)
        for path in known[: max(0, len(known) - MOST + 1)]:
            path.unlink(missing_ok=True)
        token = secrets.token_hex(16)
        path = self._folder / f"{user_id}-{token}{_NEW}"
        replace_text(path, str(self._vault.seal(text)))
        os.chmod(path, 0o600)
        return token

    def find(self, user_id: int, token: str) -> TypedForm | None:
        """Return what this user typed, None if it is not kept any more or another one typed it."""
        for path in self._named(user_id, token):
            found = self._read(path)
            if found is not None:
                if path.suffix == _NEW:
                    path.replace(path.with_suffix(_SEEN))
                return found
        return None

    def forget(self, user_id: int, token: str) -> None:
        """Remove what this user typed: it is saved by now."""
        for path in self._named(user_id, token):
            path.unlink(missing_ok=True)

    def unseen(self, user_id: int) -> list[TypedForm]:
        """Return what a user typed and has not seen again, the oldest first."""
        read = [self._read(path) for path in self._of(user_id) if path.suffix == _NEW]
        return [each for each in read if each is not None]

    def _named(self, user_id: int, token: str) -> list[Path]:
        if not _TOKEN.fullmatch(token):
            return []
        return [self._folder / f"{user_id}-{token}{ending}" for ending in (_NEW, _SEEN)]

    def _of(self, user_id: int) -> list[Path]:
        """Return the files of a user, the oldest first."""
        dated = []
        for path in self._folder.glob(f"{int(user_id)}-*"):
            try:
                dated.append((path.stat().st_mtime, path))
            except FileNotFoundError:
                # Another request was first.
                continue
        return [path for _, path in sorted(dated)]

    def _read(self, path: Path) -> TypedForm | None:
        try:
            kept = json.loads(self._vault.open(path.read_text("utf-8")) or "")
        except (FileNotFoundError, ConfigurationError, ValueError):
            # Saved meanwhile, or encrypted with the key of another site: there is nothing to go on with.
            return None
        if kept["since"] + LASTS < self._now():
            return None
        return TypedForm(path.stem.partition("-")[2], kept["address"], kept["fields"], kept["since"])
