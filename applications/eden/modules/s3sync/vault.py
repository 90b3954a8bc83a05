"""Passwords of other sites, encrypted at rest.

The key lies in the application's private folder, not in the database, so that a copy of the database alone
opens nothing. An Eden database that was taken over holds plain text; it is read as it is, sealed when saved.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from .errors import ConfigurationError

KEY_FILE = "vault.key"
PREFIX = "vault:1:"


class Vault:
    """Seals and opens short texts with the key of this site.

    Args:
        folder: the application's private folder; the key file is made there on first use, readable by its
            owner only.
    """

    def __init__(self, folder: Path) -> None:
        self._file = Path(folder) / KEY_FILE
        self._fernet: Fernet | None = None

    def seal(self, text: str | None) -> str | None:
        """Return the text encrypted; None, "" and what is sealed already are returned unchanged."""
        if not text or text.startswith(PREFIX):
            return text
        return PREFIX + self._cipher(create=True).encrypt(text.encode("utf-8")).decode("ascii")

    def open(self, stored: str | None) -> str | None:
        """Return the text that was sealed; a value that never was sealed is returned unchanged.

        Raises:
            ConfigurationError: the key is missing or is another one than the text was sealed with.
        """
        if not stored or not stored.startswith(PREFIX):
            return stored
        try:
            opened = self._cipher(create=False).decrypt(stored[len(PREFIX) :].encode("ascii"))
        except InvalidToken:
            raise ConfigurationError(
                f"The stored password cannot be opened with the key in {self._file}.",
                hint="Enter the password of the repository again, or restore the key file of this database.",
            ) from None
        return opened.decode("utf-8")

    def _cipher(self, create: bool) -> Fernet:
        if self._fernet is None:
            if create and not self._file.exists():
                self._make_key()
            try:
                key = self._file.read_bytes().strip()
                self._fernet = Fernet(key)
            except (OSError, ValueError) as error:
                raise ConfigurationError(
                    f"The key file {self._file} cannot be read: {error}",
                    hint="Restore the key file of this database, or enter the passwords again.",
                ) from error
        return self._fernet

    def _make_key(self) -> None:
        """Write a new key; of two processes that do so at once, the first one's key stays."""
        temporary = None
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            # mkstemp makes the file with mode 0600.
            handle, temporary = tempfile.mkstemp(dir=self._file.parent, prefix=".vault-")
            with os.fdopen(handle, "wb") as stream:
                stream.write(Fernet.generate_key() + b"\n")
                stream.flush()
                os.fsync(stream.fileno())
            os.link(temporary, self._file)
        except FileExistsError:
            return
        except OSError as error:
            raise ConfigurationError(
                f"The key file {self._file} cannot be made: {error}",
                hint="Give the account that runs the site write access to the application's private folder.",
            ) from error
        finally:
            if temporary is not None:
                os.unlink(temporary)
