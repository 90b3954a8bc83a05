"""An FTP server: with MLSD or without, with TLS or in clear."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.filesystems import AbstractedFS
from pyftpdlib.handlers import DTPHandler, FTPHandler
from pyftpdlib.servers import FTPServer

from . import PASSWORD, USER, FileServer


class FtpServer(FileServer):
    """An FTP server.

    Args:
        root: its folder.
        certificate: file with certificate and key, None for FTP in clear.
        mlsd: whether it lists as RFC 3659 says; vsftpd does not.
        replaces: whether a file takes the place of another one at a rename.
    """

    def __init__(
        self, root: Path, certificate: Path | None = None, mlsd: bool = True, replaces: bool = True
    ) -> None:
        super().__init__(root)
        authorizer = DummyAuthorizer()
        authorizer.add_user(USER, PASSWORD, str(root), perm="elradfmwMT")
        self._server = FTPServer(("127.0.0.1", 0), self._handler(authorizer, certificate, mlsd, replaces))
        scheme = "ftps" if certificate else "ftp"
        self.url = f"{scheme}://127.0.0.1:{self._server.address[1]}"
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _handler(
        self, authorizer: DummyAuthorizer, certificate: Path | None, mlsd: bool, replaces: bool
    ) -> Any:
        made, base, data = self, FTPHandler, DTPHandler
        if certificate is not None:
            from pyftpdlib.handlers import TLS_DTPHandler, TLS_FTPHandler

            base, data = TLS_FTPHandler, TLS_DTPHandler

        class Transfer(data):  # type: ignore[misc, valid-type]
            """Breaks off."""

            def recv(self, size: int) -> bytes:
                if made.cut is not None and self.tot_bytes_received > made.cut:
                    self.cmd_channel.close()
                    return b""
                return bytes(super().recv(size))

            def send(self, what: bytes) -> int:
                if made.cut is None:
                    return int(super().send(what))
                sent = super().send(what[: made.cut])
                self.cmd_channel.close()
                return int(sent)

        class Files(AbstractedFS):  # type: ignore[misc]
            """Lies about times, and refuses to replace."""

            def getmtime(self, path: str) -> float:
                return 0.0 if made.still else float(super().getmtime(path))

            def rename(self, src: str, dst: str) -> None:
                if not replaces and Path(dst).exists():
                    raise FileExistsError(17, "exists")
                super().rename(src, dst)

            def stat(self, path: str) -> Any:
                found = super().stat(path)
                return _Still(found) if made.still else found

        class Handler(base):  # type: ignore[misc, valid-type]
            """Is full."""

            def ftp_STOR(self, *given: Any, **named: Any) -> Any:
                if made.full:
                    self.respond("552 Quota exceeded.")
                    return None
                return super().ftp_STOR(*given, **named)

            def ftp_FEAT(self, line: str) -> None:
                if mlsd:
                    super().ftp_FEAT(line)
                else:
                    self.respond("211 End FEAT.")

            def ftp_MLSD(self, path: str) -> Any:
                if mlsd:
                    return super().ftp_MLSD(path)
                self.respond("500 Unknown command.")
                return None

        Handler.authorizer = authorizer
        Handler.abstracted_fs = Files
        Handler.dtp_handler = Transfer
        Handler.auth_failed_timeout = 0
        Handler.use_sendfile = False
        if certificate is not None:
            Handler.certfile = str(certificate)
            Handler.tls_control_required = Handler.tls_data_required = True
        return Handler

    def _serve(self) -> None:
        while not self._ends.is_set():
            self._server.serve_forever(timeout=0.02, blocking=False)
        self._server.close_all()

    def stop(self) -> None:
        """See ``FileServer``."""
        self._ends.set()
        self._thread.join()


class _Still:
    """A file whose time never changes."""

    def __init__(self, found: Any) -> None:
        self._found = found
        self.st_mtime = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._found, name)
