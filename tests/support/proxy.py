"""A line with faults: a TCP proxy between a site and its peer that refuses, delays, cuts, repeats, or is busy."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from dataclasses import dataclass
from typing import Callable


@dataclass
class Fault:
    """What happens to one connection.

    Attributes:
        refuse: it is closed at once.
        delay: seconds before anything passes.
        cut_after: bytes of the answer after which both ends are closed.
        lose_answer: the request passes whole, the answer never comes back.
        status: answered by the proxy itself with an HTTP status, e.g. 429 or 503.
        retry_after: seconds in the header Retry-After of that answer; None sends no such header.
        page: body of that answer, an HTML page of whoever stands in between.
        rate: bytes a second of the answer.
        repeat: the request arrives a second time after it was answered.
        late: the connection breaks off, and the request arrives so many seconds later all the same.
    """

    refuse: bool = False
    delay: float = 0.0
    cut_after: int | None = None
    lose_answer: bool = False
    status: int | None = None
    retry_after: int | None = None
    page: str = ""
    rate: int | None = None
    repeat: bool = False
    late: float | None = None


class FaultProxy:
    """Passes connections on to ``target``; each meets the next fault of the list, none when it is empty.

    Args:
        target: host and port.
        latency: seconds that each piece of an answer takes longer than without the proxy.
        choose: returns the fault of the next connection when the list is empty.
    """

    def __init__(
        self,
        target: tuple[str, int],
        latency: float = 0.0,
        choose: Callable[[], "Fault | None"] = lambda: None,
    ) -> None:
        self.target = target
        self.latency = latency
        self.choose = choose
        self.faults: list[Fault | None] = []
        self.connections = 0
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._closed = False
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def __enter__(self) -> FaultProxy:
        return self

    def __exit__(self, *exc: object) -> None:
        self._closed = True
        # Closing alone does not wake accept() everywhere.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(2)

    def break_off(self) -> int:
        """Break all connections that are open now; return how many there were."""
        found = list(self._open)
        for each in found:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        return len(found)

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            fault = self.faults.pop(0) if self.faults else self.choose()
            threading.Thread(target=self._serve, args=(client, fault or Fault()), daemon=True).start()

    def _serve(self, client: socket.socket, fault: Fault) -> None:
        self._open.add(client)
        try:
            self._pass_on(client, fault)
        finally:
            self._open.discard(client)

    def _pass_on(self, client: socket.socket, fault: Fault) -> None:
        with client:
            if fault.refuse:
                # Linger 0: the other end sees a reset, as from a port that nobody listens on.
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                return
            time.sleep(fault.delay)
            if fault.status is not None:
                self._answer(client, fault)
                return
            if fault.late is not None:
                request = self._received(client)
                client.close()
                time.sleep(fault.late)
                self._send_again(request)
                return
            passed = bytearray()
            with contextlib.suppress(OSError), socket.create_connection(self.target, 10) as server:
                forth = threading.Thread(
                    target=self._pump, args=(client, server, None, 0.0), kwargs={"seen": passed}, daemon=True
                )
                forth.start()
                most = 0 if fault.lose_answer else fault.cut_after
                self._pump(server, client, most, self.latency, rate=fault.rate)
                # Closing alone tells the client nothing while the other thread still reads from it.
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)
            if fault.repeat:
                self._send_again(bytes(passed))

    @staticmethod
    def _received(client: socket.socket) -> bytes:
        """Return what a client sends until it waits for an answer."""
        found = bytearray()
        client.settimeout(0.5)
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                found += data
        return bytes(found)

    def _send_again(self, request: bytes) -> None:
        """Send a request of which nobody waits for the answer."""
        with contextlib.suppress(OSError), socket.create_connection(self.target, 10) as server:
            server.settimeout(30)
            server.sendall(request)
            server.shutdown(socket.SHUT_WR)
            while server.recv(65536):
                pass

    @staticmethod
    def _answer(client: socket.socket, fault: Fault) -> None:
        with contextlib.suppress(OSError):
            client.settimeout(1)
            client.recv(65536)
            more = f"Retry-After: {fault.retry_after}\r\n" if fault.retry_after is not None else ""
            body = fault.page.encode("utf-8")
            more += "Content-Type: text/html\r\n" if body else ""
            head = f"HTTP/1.1 {fault.status} Busy\r\n{more}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            client.sendall(head.encode("ascii") + body)

    @staticmethod
    def _pump(
        source: socket.socket,
        target: socket.socket,
        most: int | None,
        latency: float,
        *,
        rate: int | None = None,
        seen: "bytearray | None" = None,
    ) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while True:
                data = source.recv(65536 if rate is None else max(1, rate // 10))
                if not data:
                    target.shutdown(socket.SHUT_WR)
                    return
                time.sleep(latency if rate is None else 0.1)
                if seen is not None:
                    seen += data
                if most is not None and passed + len(data) > most:
                    target.sendall(data[: most - passed])
                    return
                target.sendall(data)
                passed += len(data)
