"""An SFTP server."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from pathlib import Path
from typing import Any

import paramiko

from . import PASSWORD, USER, FileServer


class SftpServer(FileServer):
    """An SFTP server.

    Args:
        root: its folder.
        posix_rename: whether it has OpenSSH's way to replace a file.

    Attributes:
        key: what it shows.
        user_key: the key that lets the user in beside the password, None for none.
        asked: how many times somebody tried to log in.
    """

    def __init__(self, root: Path, posix_rename: bool = True) -> None:
        super().__init__(root)
        self.posix_rename = posix_rename
        self.key: paramiko.PKey = paramiko.ECDSAKey.generate()
        self.user_key: paramiko.PKey | None = None
        self.asked = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._lines: list[paramiko.Transport] = []
        self.url = f"sftp://127.0.0.1:{self._listening.getsockname()[1]}/"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listening.accept()
            except OSError:
                return
            made = paramiko.Transport(line)
            made.add_server_key(self.key)
            made.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files, self)
            self._lines.append(made)
            try:
                made.start_server(server=_Door(self, made), event=threading.Event())
            except (paramiko.SSHException, EOFError):
                made.close()

    @property
    def shown(self) -> str:
        """The key as a person confirms it."""
        return f"{self.key.get_name()} {self.key.fingerprint}"

    def stop(self) -> None:
        """See ``FileServer``."""
        # The system's accept goes on in spite of close.
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for each in self._lines:
            each.close()


class _Door(paramiko.ServerInterface):
    def __init__(self, server: SftpServer, line: paramiko.Transport) -> None:
        self._server = server
        self.line = line

    def check_auth_password(self, username: str, password: str) -> int:
        self._server.asked += 1
        good = (username, password) == (USER, PASSWORD)
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self._server.asked += 1
        return paramiko.AUTH_SUCCESSFUL if key == self._server.user_key else paramiko.AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:
        return "password,publickey"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


def _status(error: OSError) -> int:
    return int(paramiko.SFTPServer.convert_errno(error.errno or 0))


class _File(paramiko.SFTPHandle):
    def __init__(self, server: SftpServer, line: paramiko.Transport, flags: int, path: str) -> None:
        super().__init__(flags)
        self._server, self._line = server, line
        mode = "r+b" if flags & (os.O_WRONLY | os.O_RDWR) else "rb"
        self._file = open(path, mode)  # noqa: SIM115
        self.count = 0

    def _goes_on(self, size: int) -> bool:
        self.count += size
        cut = self._server.cut
        if cut is not None and self.count > cut:
            self._line.close()
            return False
        return True

    def read(self, offset: int, length: int) -> Any:
        self._file.seek(offset)
        found = self._file.read(length)
        return found if self._goes_on(len(found)) else paramiko.SFTP_FAILURE

    def write(self, offset: int, data: bytes) -> int:
        if self._server.full or not self._goes_on(len(data)):
            return int(paramiko.SFTP_FAILURE)
        self._file.seek(offset)
        self._file.write(data)
        self._file.flush()
        return int(paramiko.SFTP_OK)

    def stat(self) -> Any:
        return paramiko.SFTPAttributes.from_stat(os.fstat(self._file.fileno()))

    def close(self) -> None:
        self._file.close()


class _Files(paramiko.SFTPServerInterface):
    def __init__(self, door: _Door, server: SftpServer) -> None:
        super().__init__(door)
        self._server, self._line = server, door.line

    def _path(self, path: str) -> str:
        return f"{self._server.root}{self.canonicalize(path)}"

    def _told(self, path: str, found: os.stat_result) -> Any:
        told = paramiko.SFTPAttributes.from_stat(found)
        name = os.path.basename(path)
        told.filename = name if name.isprintable() else os.fsencode(name)
        if self._server.still:
            told.st_mtime = 0
        return told

    def list_folder(self, path: str) -> Any:
        try:
            folder = self._path(path)
            return [self._told(each.path, each.stat(follow_symlinks=False)) for each in os.scandir(folder)]
        except OSError as error:
            return _status(error)

    def stat(self, path: str) -> Any:
        try:
            return self._told(path, os.stat(self._path(path)))
        except OSError as error:
            return _status(error)

    def lstat(self, path: str) -> Any:
        try:
            return self._told(path, os.lstat(self._path(path)))
        except OSError as error:
            return _status(error)

    def open(self, path: str, flags: int, attr: Any) -> Any:
        try:
            full = self._path(path)
            os.close(os.open(full, flags, 0o644))
            return _File(self._server, self._line, flags, full)
        except OSError as error:
            return _status(error)

    def _does(self, what: Any, *given: Any) -> int:
        try:
            what(*given)
        except OSError as error:
            return _status(error)
        return int(paramiko.SFTP_OK)

    def remove(self, path: str) -> int:
        return self._does(os.remove, self._path(path))

    def rename(self, oldpath: str, newpath: str) -> int:
        if os.path.exists(self._path(newpath)):
            return int(paramiko.SFTP_FAILURE)
        return self._does(os.rename, self._path(oldpath), self._path(newpath))

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        if not self._server.posix_rename:
            return int(paramiko.SFTP_OP_UNSUPPORTED)
        return self._does(os.replace, self._path(oldpath), self._path(newpath))

    def mkdir(self, path: str, attr: Any) -> int:
        return self._does(os.mkdir, self._path(path))

    def rmdir(self, path: str) -> int:
        return self._does(os.rmdir, self._path(path))
