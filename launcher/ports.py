"""Addresses and ports that a web server can listen on."""

from __future__ import annotations

import errno
import socket

from .problems import Problem

SEARCHED_PORTS = 50


def numeric_host(host: str) -> str:
    """Return the IP address of a host name, as web2py's web server requires it.

    Raises:
        Problem: the name is unknown.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Problem(
            f"The host {host} has no address here: {error.strerror or error}.",
            "Use --host 127.0.0.1 for this machine only, or --host 0.0.0.0 to be reached from others.",
        ) from error
    # IPv4 first: on most machines browsers try it first for "localhost".
    found.sort(key=lambda entry: entry[0] != socket.AF_INET)
    return str(found[0][4][0])


def try_to_listen(host: str, port: int) -> OSError | None:
    """Return the error that listening there raises, None if it is possible."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As the web server does: connections of an earlier server may still be closing.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            return error
    return None


def check_port(host: str, port: int) -> None:
    """Check that the web server can listen there.

    Raises:
        Problem: it cannot; the message says why, and what to use instead.
    """
    error = try_to_listen(host, port)
    if error is None:
        return
    if error.errno == errno.EADDRINUSE:
        raise Problem(
            f"Port {port} on {host} is in use by another program.",
            f"Stop that program, or choose another port: ./run --port {free_port(host, port + 1)}",
        )
    if error.errno == errno.EADDRNOTAVAIL:
        raise Problem(
            f"{host} is not an address of this machine.",
            "Use --host 127.0.0.1 for this machine only, or --host 0.0.0.0 for all its addresses.",
        )
    if error.errno == errno.EACCES:
        raise Problem(
            f"This user may not listen on port {port}.",
            "Choose a port above 1023, e.g. ./run --port 8000, with a web server in front of it.",
        )
    raise Problem(
        f"Nothing can listen on {host} port {port}: {error.strerror}.", "Choose another --host or --port."
    )


def free_port(host: str, first: int, taken: tuple[int, ...] = ()) -> int:
    """Return the first free port from ``first`` on.

    Args:
        host: address to listen on.
        first: port to begin with.
        taken: ports to skip although they are free now.

    Raises:
        Problem: there is no free port nearby.
    """
    for port in range(first, min(first + SEARCHED_PORTS, 65536)):
        if port not in taken and try_to_listen(host, port) is None:
            return port
    raise Problem(
        f"No free port was found on {host} from {first} on.",
        "Name one that is free with --port, e.g. --port 18000.",
    )
