"""A folder at an FTP server, with TLS (ftps) or in clear (ftp).

Servers differ: some list with ``MLSD``, others only names; some replace a file at a rename, others want it gone before.
The folder is below that in which the account begins.
"""

from __future__ import annotations

import contextlib
import ftplib
import socket
import ssl
import time
from collections import deque
from collections.abc import Iterator
from typing import IO, BinaryIO

from ...core.errors import DocumentTooLarge, PeerBusy, ProtocolError, SyncError, TlsFailed
from ...core.limits import CHUNK, MEGABYTE
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

#: The port at which TLS begins with the connection, not by a command.
IMPLICIT = 990
#: Seconds after which a server may have dropped a connection on which nothing was asked.
IDLE = 30.0
NO_ROOM, LOGIN = ("452", "552"), ("430", "530", "532")
#: The server ends the connection, or what it was sending.
CUT = ("421", "425", "426")
#: Maximum lines of an answer.
MOST_LINES = 1000
#: Maximum characters of a list that a server sends.
LONGEST_LIST = 16 * MEGABYTE


class _Line(ftplib.FTP):
    """FTP whose answers have an end."""

    _left = 0

    def getmultiline(self) -> str:
        """Read an answer; see ftplib."""
        self._left = MOST_LINES
        return super().getmultiline()

    def getline(self) -> str:
        """Read a line of an answer; see ftplib."""
        self._left -= 1
        if self._left < 0:
            raise ftplib.error_proto("an answer has no end")
        return super().getline()


class _Tls(_Line, ftplib.FTP_TLS):
    """FTP with TLS, also for the data: many servers take that only as a part of the session of the commands."""

    def connect_with_tls(self, host: str, port: int, timeout: float) -> None:
        """Connect where TLS begins with the connection."""
        self.host, self.port, self.timeout = host, port, timeout
        line = socket.create_connection((host, port), timeout)
        self.af = line.family
        self.sock = self.context.wrap_socket(line, server_hostname=host)
        self.file = self.sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        """Open a data connection; see ftplib."""
        line, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        assert isinstance(self.sock, ssl.SSLSocket)
        session = self.sock.session
        return self.context.wrap_socket(line, server_hostname=self.host, session=session), size


class FtpFolder:
    """A folder at an FTP server.

    Args:
        server: where it is.
        username, password: the account; empty for "anonymous".
        tls: how certificates are verified, None for FTP in clear.
        spool: for files on their way.
    """

    def __init__(
        self, server: Server, username: str, password: str, tls: ssl.SSLContext | None, spool: Spool
    ) -> None:
        self._server = server
        self._account = (username or "anonymous", password)
        self._tls = tls
        self._spool = spool
        # Half files on a line that broke: the server may still be writing into them.
        self._left: set[str] = set()
        self._line: ftplib.FTP | None = None
        self._used = 0.0
        self._home = ""
        self._has_mlsd = False

    def close(self) -> None:
        """End the connection."""
        line, self._line = self._line, None
        if line is not None:
            with contextlib.suppress(OSError, EOFError, ftplib.Error):
                line.quit()
            line.close()

    # --- the six verbs -----------------------------------------------------------------------------------

    def list(self, folder: str) -> Entries:
        """See port ``Storage``."""
        inside(folder)
        with self._explained(folder) as line:
            try:
                return sorted(self._listed(line, folder) if self._has_mlsd else self._named(line, folder))
            except ftplib.error_perm as error:
                if not folder or not _says(error, "550", "501"):
                    raise
                if self._is_there(folder):
                    raise not_allowed(self._where(folder), error) from error
                return []

    def read(self, name: str) -> BinaryIO | None:
        """See port ``Storage``."""
        inside(name)
        with self._explained(name) as line:
            size = self._size(line, name)
            try:
                data = line.transfercmd(f"RETR {_sent(name)}")
            except ftplib.error_perm as error:
                if not _says(error, "550"):
                    raise
                if self._is_there(name, is_folder=False):
                    raise not_allowed(self._where(name), error) from error
                return None
            try:
                return self._spool.received(self._where(name), self._data(line, data), size)
            except SyncError:
                # The rest of it would be taken for the next answer.
                self._drop()
                raise

    def write(self, name: str, source: BinaryIO) -> int:
        """See port ``Storage``: it gets its name when all of it is there."""
        part = part_of(inside(name))
        with self._spool.measured(source) as found:
            try:
                with self._explained(name) as line:
                    if part in self._left:
                        with contextlib.suppress(ftplib.error_perm):
                            line.delete(_sent(part))
                        self._left.remove(part)
                    line.voidcmd("TYPE I")
                    self._send(line, part, found.file)
                    there = self._size(line, part)
                    if there is not None and there != found.size:
                        raise not_stored(self._where(name), found.size, there)
                    self._move(line, part, name)
            except SyncError:
                self._discard(part)
                raise
            return found.size

    def rename(self, name: str, to: str) -> None:
        """See port ``Storage``."""
        with self._explained(inside(name)) as line:
            self._move(line, name, inside(to))

    def remove(self, name: str) -> None:
        """See port ``Storage``."""
        with self._explained(inside(name)) as line:
            for command in ("DELE", "RMD"):
                try:
                    line.voidcmd(f"{command} {_sent(name)}")
                    return
                except ftplib.error_perm as error:
                    refusal = error
            if self._is_there(name):
                raise not_allowed(self._where(name), refusal)

    def make_folder(self, name: str) -> None:
        """See port ``Storage``."""
        with self._explained(inside(name)) as line:
            parts = name.split("/")
            refusal: ftplib.error_perm | None = None
            for count in range(1, len(parts) + 1):
                try:
                    line.voidcmd(f"MKD {_sent('/'.join(parts[:count]))}")
                except ftplib.error_perm as error:
                    # Most often it is there.
                    refusal = error
            if refusal is not None and not self._is_folder(line, name):
                raise refusal

    # --- what differs by server ----------------------------------------------------------------------------

    def _listed(self, line: ftplib.FTP, folder: str) -> Iterator[Entry]:
        for each in self._lines(line, f"MLSD {_sent(folder)}".rstrip()):
            told, _, name = each.partition(" ")
            facts = dict(fact.lower().partition("=")[::2] for fact in told.split(";") if fact)
            kind = facts.get("type", "file")
            if kind == "dir":
                yield Entry(_received(name), 0, True)
            elif kind == "file":
                yield Entry(_received(name), _number(facts.get("size")), False, facts.get("modify", ""))

    def _named(self, line: ftplib.FTP, folder: str) -> Iterator[Entry]:
        for each in self._lines(line, f"NLST {_sent(folder)}".rstrip()):
            name = _received(each.rstrip("/").rpartition("/")[2])
            if name in ("", ".", ".."):
                continue
            path = f"{folder}/{name}" if folder else name
            size = self._size(line, path)
            if size is None and self._is_folder(line, path):
                yield Entry(name, 0, True)
                continue
            try:
                mark = line.sendcmd(f"MDTM {_sent(path)}")[4:].strip()
            except ftplib.error_perm:
                mark = ""
            # Without a size a time alone tells no versions apart.
            yield Entry(name, size or 0, False, "" if size is None else mark)

    def _lines(self, line: ftplib.FTP, command: str) -> Iterator[str]:
        size, found = 0, deque[str]()

        def take(text: str) -> None:
            nonlocal size
            size += len(text)
            if size > LONGEST_LIST:
                self._drop()
                raise DocumentTooLarge(f"The list of {self._where('')} is too long.", remote=True)
            found.append(text)

        line.retrlines(command, take)
        return iter(found)

    def _size(self, line: ftplib.FTP, name: str) -> int | None:
        """Return the bytes of a file; None if it is none, or the server does not say."""
        line.voidcmd("TYPE I")
        try:
            return line.size(_sent(name))
        except ftplib.error_perm:
            return None

    def _is_there(self, name: str, is_folder: bool = True) -> bool:
        above, _, last = name.rpartition("/")
        return any(each.name == last and (is_folder or not each.is_folder) for each in self.list(above))

    def _is_folder(self, line: ftplib.FTP, name: str) -> bool:
        try:
            line.cwd(f"{self._home.rstrip('/')}/{_sent(name)}")
        except ftplib.error_perm:
            return False
        line.cwd(self._home)
        return True

    def _move(self, line: ftplib.FTP, name: str, to: str) -> None:
        """Give a file a name, in the place of one that has it; that stays until then."""
        try:
            line.rename(_sent(name), _sent(to))
            return
        except ftplib.error_perm:
            if self._size(line, name) is None or self._size(line, to) is None:
                raise
        aside = f"{part_of(to)}.old"
        with contextlib.suppress(ftplib.error_perm):
            line.delete(_sent(aside))
        line.rename(_sent(to), _sent(aside))
        try:
            line.rename(_sent(name), _sent(to))
        except ftplib.Error:
            line.rename(_sent(aside), _sent(to))
            raise
        line.delete(_sent(aside))

    # --- the connection ------------------------------------------------------------------------------------

    def _data(self, line: ftplib.FTP, data: socket.socket) -> Iterator[bytes]:
        data.settimeout(self._spool.limits.read_timeout)
        try:
            while chunk := data.recv(CHUNK):
                yield chunk
        finally:
            data.close()
        line.voidresp()

    def _send(self, line: ftplib.FTP, name: str, source: IO[bytes]) -> None:
        data = line.transfercmd(f"STOR {_sent(name)}")
        data.settimeout(self._spool.limits.read_timeout)
        try:
            while chunk := source.read(CHUNK):
                data.sendall(chunk)
            if isinstance(data, ssl.SSLSocket):
                # Not all servers answer the end of TLS; whether all is there is asked for.
                with contextlib.suppress(OSError):
                    data = data.unwrap()
        except OSError as error:
            data.close()
            # Why it takes no more, as far as it says so: it may be full.
            with contextlib.suppress(OSError, EOFError):
                line.voidresp()
            raise error
        data.close()
        line.voidresp()

    def _discard(self, part: str) -> None:
        if self._line is None:
            self._left.add(part)
            return
        with contextlib.suppress(OSError, EOFError, ftplib.Error):
            self._line.delete(_sent(part))

    def _connected(self) -> ftplib.FTP:
        now = time.monotonic()
        if self._line is not None and now - self._used > IDLE:
            try:
                self._line.voidcmd("NOOP")
            except (OSError, EOFError, ftplib.Error):
                self._drop()
        if self._line is None:
            self._line = self._connect()
        self._used = now
        return self._line

    def _connect(self) -> ftplib.FTP:
        limits, server = self._spool.limits, self._server
        # Names are bytes; what they mean is told below.
        line: ftplib.FTP
        if self._tls is None:
            line = _Line(timeout=limits.connect_timeout, encoding="latin-1")
        else:
            line = _Tls(context=self._tls, timeout=limits.connect_timeout, encoding="latin-1")
        try:
            if isinstance(line, _Tls) and server.port == IMPLICIT:
                line.connect_with_tls(server.host, server.port, limits.connect_timeout)
            else:
                line.connect(server.host, server.port)
                if isinstance(line, _Tls):
                    self._begin_tls(line)
            self._log_in(line)
        except BaseException:
            line.close()
            raise
        return line

    def _begin_tls(self, line: _Tls) -> None:
        try:
            line.auth()
        except ftplib.error_perm as error:
            raise TlsFailed(
                f"{self._server.told} does not speak TLS: {told_by(error)}",
                hint="Ask the people of the server for TLS. An address that begins with ftp:// does without: then the "
                "password and all records can be read on the way.",
                remote=True,
            ) from error

    def _log_in(self, line: ftplib.FTP) -> None:
        assert line.sock is not None
        line.sock.settimeout(self._spool.limits.read_timeout)
        name, password = (each.encode("utf-8").decode("latin-1") for each in self._account)
        try:
            line.login(name, password)
        except ftplib.error_perm as error:
            raise wrong_login(self._server.told, error) from error
        if isinstance(line, _Tls):
            line.prot_p()
        self._has_mlsd = _has_mlsd(line)
        folder = self._server.folder.strip("/")
        if folder:
            try:
                line.cwd(folder.encode("utf-8").decode("latin-1"))
            except ftplib.error_perm as error:
                raise no_folder(self._server.told) from error
        self._home = line.pwd()

    def _drop(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def _where(self, name: str) -> str:
        return f"{self._server.told}/{name}" if name else self._server.told

    @contextlib.contextmanager
    def _explained(self, name: str) -> Iterator[ftplib.FTP]:
        where = self._where(name)
        try:
            yield self._connected()
        except ftplib.Error as error:
            raise self._told(where, error) from error
        except (OSError, EOFError) as error:
            self._drop()
            raise line_broke(where, error) from error

    def _told(self, where: str, error: ftplib.Error) -> SyncError:
        if isinstance(error, (ftplib.error_reply, ftplib.error_proto)):
            self._drop()
            return ProtocolError(
                f"{where} answered against the rules of FTP: {told_by(error)}",
                hint="Check the address and the port: another service may be there.",
                remote=True,
            )
        if _says(error, *CUT):
            self._drop()
            return line_broke(where, error)
        if _says(error, *NO_ROOM):
            return no_room(where, error)
        if _says(error, *LOGIN):
            return wrong_login(where, error)
        if _says(error, "550"):
            return not_allowed(where, error)
        if isinstance(error, ftplib.error_temp):
            return PeerBusy(f"{where} cannot be used just now: {told_by(error)}", remote=True)
        return refused(where, error)


def _says(error: ftplib.Error, *codes: str) -> bool:
    return str(error)[:3] in codes


def _sent(name: str) -> str:
    """Return a name as it is sent: the line has bytes."""
    return name.encode("utf-8", "surrogateescape").decode("latin-1")


def _received(name: str) -> str:
    """Return a name that was received; one that is no UTF-8 can still be asked for."""
    return name.encode("latin-1").decode("utf-8", "surrogateescape")


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 18 else 0


def _has_mlsd(line: ftplib.FTP) -> bool:
    try:
        return any(each.strip().upper().startswith("MLST") for each in line.sendcmd("FEAT").splitlines())
    except ftplib.error_perm:
        return False
