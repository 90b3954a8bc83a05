"""A mail server on loopback that takes every mail and keeps it; it can be told to refuse."""

from __future__ import annotations

import contextlib
import socketserver
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast


class MailServer(socketserver.ThreadingTCPServer):
    """Speaks as much SMTP as smtplib asks for.

    Attributes:
        mails: what came.
        refusing: whether recipients are refused.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.mails: list[EmailMessage] = []
        self.refusing = False

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server = cast(MailServer, self.server)
        self._say("220 mail.example.org")
        while True:
            line = self.rfile.readline()
            if not line:
                return
            command = line[:4].upper()
            if command == b"QUIT":
                self._say("221 bye")
                return
            if command == b"RCPT" and server.refusing:
                self._say("550 no such mailbox")
            elif command == b"DATA":
                self._say("354 go on")
                server.mails.append(
                    cast(Any, message_from_bytes(b"".join(self._lines()), policy=policy.default))
                )
                self._say("250 taken")
            else:
                self._say("250 fine")

    def _lines(self) -> Iterator[bytes]:
        while True:
            line = self.rfile.readline()
            if line in (b".\r\n", b""):
                return
            yield line[1:] if line.startswith(b".") else line

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextlib.contextmanager
def mail_server() -> Iterator[MailServer]:
    """A mail server while the block runs."""
    with MailServer() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(10)
