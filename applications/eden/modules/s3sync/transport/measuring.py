"""Connections that note how long they took: the look-up of the name, the connection, and TLS."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from ..exchange.line import Line

_of_thread = threading.local()


def connecting() -> float:
    """Return the seconds that this thread has spent on connections: another one may connect at the same time."""
    return float(getattr(_of_thread, "connecting", 0.0))


class MeasuringAdapter(HTTPAdapter):
    """Connections of requests, measured.

    Args:
        line: where that is noted.
    """

    def __init__(self, line: Line) -> None:
        self._pools = _pools(line)
        super().__init__()

    def init_poolmanager(self, *given: Any, **options: Any) -> None:
        """See requests."""
        super().init_poolmanager(*given, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: Any, **options: Any) -> Any:
        """See requests."""
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = self._pools
        return manager


def _pools(line: Line) -> dict[str, Any]:
    """Return urllib3's pools by their schemes, with connections that are measured."""

    class Plain(_Measured, HTTPConnection):
        noted = line

    class Secure(_Measured, HTTPSConnection):
        noted = line

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


class _Measured:
    """What measures a connection of urllib3."""

    noted: Line
    _dns_host: str
    port: int
    _lookup = _line = 0.0

    def connect(self) -> None:
        began = time.monotonic()
        super().connect()  # type: ignore[misc]
        took = time.monotonic() - began
        _of_thread.connecting = connecting() + took
        self.noted.connections += 1
        self.noted.lookup += self._lookup
        self.noted.connect += self._line
        self.noted.secure += max(0.0, took - self._lookup - self._line)

    def _new_conn(self) -> Any:
        """Look the name up, and connect with the first of its addresses that takes it."""
        name, began = self._dns_host, time.monotonic()
        try:
            found = socket.getaddrinfo(name, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            # urllib3 says it in its own way.
            return super()._new_conn()  # type: ignore[misc]
        looked_up = time.monotonic()
        self._lookup = looked_up - began
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        try:
            for place, address in enumerate(addresses, start=1):
                # What names a network card besides is taken as it was written.
                self._dns_host = name if "%" in name else address
                try:
                    return super()._new_conn()  # type: ignore[misc]
                except Exception:
                    if place == len(addresses):
                        raise
        finally:
            self._dns_host = name
            self._line = time.monotonic() - looked_up
        raise AssertionError("a name has an address")
