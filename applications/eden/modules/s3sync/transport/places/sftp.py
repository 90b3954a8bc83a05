"""A folder at an SFTP server. The key of the server is one that a person has confirmed; nothing is sent to another one.

paramiko is needed, and installed only where it is: see ``is_installed``.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import hashlib
import importlib.util
import io
import logging
import re
import socket
import stat
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from ...core.errors import ConfigurationError, SyncError, TlsFailed
from ...core.limits import CHUNK
from ..storage import Entries, Entry
from .failures import (
    line_broke,
    no_folder,
    no_room,
    not_allowed,
    not_stored,
    refused,
    told_by,
    wrong_login,
)
from .names import Server, inside, part_of
from .spool import Spool

if TYPE_CHECKING:
    import paramiko

#: Seconds between signs of life on a line that is idle.
KEEPALIVE = 30
#: Chunks that are asked for before the first one has come.
AHEAD = 64
#: The confirmed key: its kind and its fingerprint, as OpenSSH tells them; the kind may be left out.
_KEY = re.compile(r"(?:(?P<kind>[a-z0-9@.-]+) )?(?P<print>SHA256:[A-Za-z0-9+/]{43})")
_PRIVATE = re.compile(r"-----BEGIN ([A-Z ]+)-----(.*?)-----END \1-----", re.DOTALL)
_HEADER = re.compile(r"[A-Za-z-]+: \S+")

# It logs what is raised, too.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


class HostKey(TlsFailed):
    """The key of the server is not one that a person has confirmed.

    Args:
        where: address of the server.
        shown: the key that it shows, as it is confirmed.
        confirmed: the confirmed one, "" for none.

    Attributes:
        is_new: whether none was confirmed yet.
    """

    def __init__(self, where: str, shown: str, confirmed: str) -> None:
        self.shown = shown
        self.is_new = not confirmed
        if self.is_new:
            super().__init__(
                f"Nobody has confirmed the key of {where} yet: it shows {shown}.",
                hint="Open the repository, test the connection, compare the key with what the people of the server "
                "say, and save. Nothing was sent.",
            )
        else:
            super().__init__(
                f"{where} shows another key than the confirmed one: {shown} in place of {confirmed}.",
                hint="Ask the people of the server whether it was set up anew. Only if they tell you the new key: "
                "empty the field of the key, test the connection, compare, and save. Otherwise somebody else may sit "
                "on the line. Nothing was sent.",
            )


def is_installed() -> bool:
    """Return whether this machine has paramiko."""
    return importlib.util.find_spec("paramiko") is not None


def is_host_key(text: str) -> bool:
    """Return whether a text is a key as a person confirms it, e.g. ``ssh-ed25519 SHA256:...``."""
    return _KEY.fullmatch(text) is not None


def unfolded(text: str) -> str:
    """Return a private key as it was: a field of one line takes its ends of lines away."""
    found = _PRIVATE.search(text)
    if found is None:
        return text
    # Keys of the older form say in front how they are encrypted.
    told = _HEADER.findall(found[2])
    inner = "".join(_HEADER.sub("", found[2]).split())
    lines = [inner[at : at + 64] for at in range(0, len(inner), 64)]
    before = [*told, ""] if told else []
    return "\n".join([f"-----BEGIN {found[1]}-----", *before, *lines, f"-----END {found[1]}-----", ""])


class SftpFolder:
    """A folder at an SFTP server.

    Args:
        server: where it is; a folder that begins with ``/~/`` is below that in which the account begins.
        username, password: the account; the password is also that of the private key.
        private_key: text of a private key, "" for none.
        host_key: the confirmed key of the server, "" while there is none.
        spool: for files on their way.
    """

    def __init__(
        self, server: Server, username: str, password: str, private_key: str, host_key: str, spool: Spool
    ) -> None:
        self._server = server
        self._username, self._password, self._private_key = username, password, private_key
        self._host_key = host_key
        self._spool = spool
        self._root = (
            server.folder[3:] or "." if f"{server.folder}/".startswith("/~/") else server.folder or "/"
        )
        # Half files on a line that broke: the server may still be writing into them.
        self._left: set[str] = set()
        self._line: paramiko.Transport | None = None
        self._client: paramiko.SFTPClient | None = None

    def close(self) -> None:
        """End the connection."""
        line, self._line, self._client = self._line, None, None
        if line is not None:
            line.close()

    # --- the six verbs -----------------------------------------------------------------------------------

    def list(self, folder: str) -> Entries:
        """See port ``Storage``. Links are left out: they may lead anywhere."""
        inside(folder)
        with self._explained(folder) as client:
            try:
                found = client.listdir_attr(self._path(folder))
            except FileNotFoundError:
                self._still_there(client)
                return []
            except UnicodeDecodeError as error:
                raise ConfigurationError(
                    f"{self._where(folder)} has a name that is not in UTF-8: {told_by(error.object)}",
                    hint="Give the file another name at the server.",
                    remote=True,
                ) from error
        return sorted(_entry(each) for each in found if not stat.S_ISLNK(each.st_mode or 0))

    def read(self, name: str) -> BinaryIO | None:
        """See port ``Storage``."""
        path = self._path(inside(name))
        with self._explained(name) as client:
            try:
                size = client.stat(path).st_size or 0
                # What is asked for ahead is in memory.
                self._spool.check_size(self._where(name), size)
                source = client.open(path, "rb")
            except FileNotFoundError:
                self._still_there(client)
                return None
            with source:
                source.prefetch(size, AHEAD)
                chunks = iter(lambda: source.read(CHUNK), b"")
                return self._spool.received(self._where(name), chunks, size)

    def write(self, name: str, source: BinaryIO) -> int:
        """See port ``Storage``: it gets its name when all of it is there."""
        part = part_of(inside(name))
        with self._spool.measured(source) as found:
            try:
                with self._explained(name) as client:
                    if part in self._left:
                        with contextlib.suppress(FileNotFoundError):
                            client.remove(self._path(part))
                        self._left.remove(part)
                    with client.open(self._path(part), "wb") as target:
                        target.set_pipelined(True)
                        while chunk := found.file.read(CHUNK):
                            target.write(chunk)
                    there = client.stat(self._path(part)).st_size
                    if there != found.size:
                        raise not_stored(self._where(name), found.size, there)
                    self._move(client, part, name)
            except SyncError:
                self._discard(part)
                raise
            return found.size

    def rename(self, name: str, to: str) -> None:
        """See port ``Storage``."""
        with self._explained(inside(name)) as client:
            self._move(client, name, inside(to))

    def remove(self, name: str) -> None:
        """See port ``Storage``."""
        path = self._path(inside(name))
        with self._explained(name) as client:
            try:
                is_folder = stat.S_ISDIR(client.lstat(path).st_mode or 0)
                (client.rmdir if is_folder else client.remove)(path)
            except FileNotFoundError:
                self._still_there(client)

    def make_folder(self, name: str) -> None:
        """See port ``Storage``."""
        parts = inside(name).split("/")
        with self._explained(name) as client:
            # Not the place itself: an address with a slip of the pen would go unnoticed.
            self._still_there(client)
            for count in range(1, len(parts) + 1):
                path = self._path("/".join(parts[:count]))
                try:
                    client.mkdir(path)
                except OSError:
                    if not stat.S_ISDIR(client.stat(path).st_mode or 0):
                        raise

    # --- the connection ------------------------------------------------------------------------------------

    def _move(self, client: paramiko.SFTPClient, name: str, to: str) -> None:
        try:
            client.posix_rename(self._path(name), self._path(to))
        except OSError as error:
            if error.errno is not None:
                raise
            # A server without OpenSSH's way to replace a file. What it replaces stays until the other one is there.
            self._swap(client, name, to)

    def _swap(self, client: paramiko.SFTPClient, name: str, to: str) -> None:
        aside = self._path(f"{part_of(to)}.old")
        with contextlib.suppress(OSError):
            client.remove(aside)
        with contextlib.suppress(FileNotFoundError):
            client.rename(self._path(to), aside)
        try:
            client.rename(self._path(name), self._path(to))
        except OSError:
            with contextlib.suppress(OSError):
                client.rename(aside, self._path(to))
            raise
        with contextlib.suppress(FileNotFoundError):
            client.remove(aside)

    def _discard(self, part: str) -> None:
        if self._client is None:
            self._left.add(part)
            return
        with contextlib.suppress(OSError, EOFError):
            self._client.remove(self._path(part))

    def _connected(self) -> paramiko.SFTPClient:
        if self._client is None:
            self._client = self._connect()
        return self._client

    def _connect(self) -> paramiko.SFTPClient:
        import paramiko

        limits, server = self._spool.limits, self._server
        line = paramiko.Transport(
            socket.create_connection((server.host, server.port), timeout=limits.connect_timeout)
        )
        line.banner_timeout = line.handshake_timeout = line.auth_timeout = max(limits.connect_timeout, 15.0)
        self._line = line
        self._prefer(line)
        try:
            line.start_client(timeout=line.handshake_timeout)
        except paramiko.ssh_exception.IncompatiblePeer as error:
            raise TlsFailed(
                f"{server.told} and this site agree on no way to encrypt: {told_by(error)}",
                hint="The server may be very old, or show another kind of key than the confirmed one: ask its people.",
                remote=True,
            ) from error
        shown = _shown(line.get_remote_server_key())
        if not _is_same(shown, self._host_key):
            raise HostKey(server.told, shown, self._host_key)
        self._log_in(line)
        line.set_keepalive(KEEPALIVE)
        client = line.open_sftp_client()
        if client is None:
            raise refused(server.told, "there is no SFTP")
        channel = client.get_channel()
        if channel is not None:
            channel.settimeout(limits.read_timeout)
        return client

    def _prefer(self, line: paramiko.Transport) -> None:
        """Ask for the kind of key that was confirmed: a server has one of each."""
        found = _KEY.fullmatch(self._host_key)
        if found is None or not found["kind"]:
            return
        options = line.get_security_options()
        kinds = [each for each in options.key_types if _kind(each) == found["kind"]]
        if kinds:
            options.key_types = kinds

    def _log_in(self, line: paramiko.Transport) -> None:
        import paramiko

        try:
            if self._private_key:
                wanted = line.auth_publickey(self._username, self._key())
                if "password" in wanted and self._password:
                    wanted = line.auth_password(self._username, self._password)
            else:
                wanted = line.auth_password(self._username, self._password)
        except paramiko.AuthenticationException as error:
            raise wrong_login(self._server.told, error) from error
        if wanted:
            raise wrong_login(self._server.told, f"it wants more: {', '.join(wanted)}")

    def _key(self) -> paramiko.PKey:
        import paramiko

        text, password = unfolded(self._private_key), self._password or None
        for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
            try:
                found: paramiko.PKey = kind.from_private_key(io.StringIO(text), password)
            except (paramiko.SSHException, ValueError, TypeError, IndexError):
                continue
            return found
        raise ConfigurationError(
            "The private key of the repository cannot be read.",
            hint="Enter the whole text of the file, from BEGIN to END: a key of the kind Ed25519, ECDSA or RSA. If the "
            "key has a passphrase, enter that as the password.",
        )

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}" if name else self._root

    def _still_there(self, client: paramiko.SFTPClient) -> None:
        try:
            client.stat(self._root)
        except FileNotFoundError as error:
            raise no_folder(self._server.told) from error

    def _where(self, name: str) -> str:
        return f"{self._server.told}/{name}" if name else self._server.told

    @contextlib.contextmanager
    def _explained(self, name: str) -> Iterator[paramiko.SFTPClient]:
        if not is_installed():
            raise ConfigurationError(
                "This site cannot speak SFTP: a package is missing.",
                hint="The operator of this machine installs requirements-sftp.txt, see docs/OPERATIONS.md.",
            )
        import paramiko

        where = self._where(name)
        try:
            yield self._connected()
        except (EOFError, paramiko.SSHException, socket.timeout, ConnectionError) as error:
            self.close()
            raise line_broke(where, error) from error
        except FileNotFoundError as error:
            raise no_folder(where) from error
        except OSError as error:
            raise self._told(where, error) from error
        except SyncError:
            if self._client is None:
                self.close()
            raise

    def _told(self, where: str, error: OSError) -> SyncError:
        """Return what an error means: SFTP has few codes, and calls all others "Failure"."""
        if self._client is None:
            self.close()
            return line_broke(where, error)
        if error.errno == errno.EACCES:
            return not_allowed(where, error)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return no_room(where, error)
        if "closed" in str(error).lower():
            self.close()
            return line_broke(where, error)
        return refused(where, error)


def _entry(found: Any) -> Entry:
    if stat.S_ISDIR(found.st_mode or 0):
        return Entry(found.filename, 0, True)
    return Entry(found.filename, found.st_size or 0, False, str(found.st_mtime or ""))


def _kind(algorithm: str) -> str:
    """Return the kind of key of an algorithm: those of RSA differ in their signature only."""
    return "ssh-rsa" if algorithm.startswith("rsa-sha2-") else algorithm


def _shown(key: paramiko.PKey) -> str:
    """Return a key as OpenSSH tells it."""
    digest = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
    return f"{key.get_name()} SHA256:{digest}"


def _is_same(shown: str, confirmed: str) -> bool:
    found = _KEY.fullmatch(confirmed.strip())
    return found is not None and shown.rpartition(" ")[2] == found["print"]
