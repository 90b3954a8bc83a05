"""Ports for servers of tests and benchmarks."""

from __future__ import annotations

import secrets
import socket

#: Below those from which the system takes one for each outgoing connection (Linux: from 32768, others: from 49152):
#: a server that is killed and started again would find one of these taken.
_PORTS = range(15_000, 32_000)


def free_port() -> int:
    """Return a TCP port of the loopback address on which nobody listens, and that no connection will take.

    Chosen by the system's own random numbers, since tests may set those of ``random``.
    """
    while True:
        port = secrets.choice(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
