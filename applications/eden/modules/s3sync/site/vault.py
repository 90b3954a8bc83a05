"""Passwords of other sites, encrypted at rest.

The key is in the application's private folder, not in the database: a copy of the database alone decrypts nothing. An
Eden database that was taken over has plain text; it is read unchanged, and encrypted when saved.
"""

from __future__ import annotations

import hmac
import os
import time
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from ..core.atomic_write import beside
from ..core.errors import ConfigurationError

KEY_FILE = "vault.key"
PREFIX = "vault:1:"
#: Length of a key in characters.
KEY_LENGTH = 44
#: Seconds to wait for a key that is being written.
WRITING_SECONDS = 0.5


class Vault:
    """Encrypts and decrypts short texts with the key of this site.

    Args:
        folder: the application's private folder; the key file is created there at first use, readable only by its
            owner.
        name: name of the key file.
    """

    def __init__(self, folder: Path, name: str = KEY_FILE) -> None:
        self._file = Path(folder) / name
        self._fernet: Fernet | None = None

    def seal(self, text: str | None) -> str | None:
        """Return the encrypted text; None, "" and encrypted texts are returned unchanged."""
        if not text or text.startswith(PREFIX):
            return text
        return PREFIX + self._cipher(create=True).encrypt(text.encode("utf-8")).decode("ascii")

    def open(self, stored: str | None) -> str | None:
        """Return the decrypted text; a value that was never encrypted is returned unchanged.

        Raises:
            ConfigurationError: the key is missing, or the text was encrypted with another one.
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

    def key_for(self, purpose: str) -> bytes:
        """Return a key for something else than sealing, made of the key of this site (HMAC-SHA256).

        Args:
            purpose: what it is for; each has another key.

        Raises:
            ConfigurationError: the key cannot be read or made.
        """
        self._cipher(create=True)
        return hmac.digest(self._read_key(), purpose.encode("utf-8"), "sha256")

    def _cipher(self, create: bool) -> Fernet:
        if self._fernet is None:
            if create and not self._file.exists():
                self._make_key()
            try:
                self._fernet = Fernet(self._read_key())
            except (OSError, ValueError) as error:
                raise ConfigurationError(
                    f"The key file {self._file} cannot be read: {error}",
                    hint="Restore the key file of this database, or enter the passwords again.",
                ) from error
        return self._fernet

    def _read_key(self) -> bytes:
        """Return the key; wait if another process is just writing it."""
        deadline = time.monotonic() + WRITING_SECONDS
        key = self._file.read_bytes().strip()
        while len(key) < KEY_LENGTH and time.monotonic() < deadline:
            time.sleep(0.01)
            key = self._file.read_bytes().strip()
        return key

    def _make_key(self) -> None:
        """Write a new key; if two processes do so at once, the key of the first one stays."""
        content = Fernet.generate_key() + b"\n"
        temporary = beside(self._file)
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            _write_new(temporary, content)
            try:
                self._take_place(temporary, content)
            finally:
                temporary.unlink()
        except FileExistsError:
            return
        except OSError as error:
            raise ConfigurationError(
                f"The key file {self._file} cannot be made: {error}",
                hint="Give the account that runs the site write access to the application's private folder.",
            ) from error

    def _take_place(self, temporary: Path, content: bytes) -> None:
        try:
            os.link(temporary, self._file)
        except FileExistsError:
            raise
        except OSError:
            # exFAT and some network folders have no hard links.
            _write_new(self._file, content)


def _write_new(path: Path, content: bytes) -> None:
    """Create a file that only its owner can read, completely or not at all.

    Raises:
        FileExistsError: the file exists already.
        OSError: it cannot be written.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException:
        path.unlink()
        raise
