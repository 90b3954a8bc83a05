"""The web server of one process."""

from __future__ import annotations

import contextlib
import functools
import logging
import resource
import signal
import socket
import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

from .application import AccessLog, load_application
from .connections import Channel
from .garbage import NEVER, Garbage

#: Connections at the same time; one more closes one that waits.
MOST_CONNECTIONS = 1000
FILES_BESIDE = 200
#: Seconds between two looks for connections that are over.
LOOK = 2
#: Seconds that a thread may compute before another one has its turn: the server's loop wants one often and briefly.
SWITCH = 0.0002
#: Connections that are accepted at one look.
ACCEPTED = 100
logger = logging.getLogger("eden.web")


class Server(TcpWSGIServer):
    """waitress, which closes connections that are only held, and those that wait longest where there are too many."""

    channel_class = Channel
    most_connections = MOST_CONNECTIONS
    #: Whoever gives all of its process to a server sets one that does something.
    garbage = Garbage(NEVER)

    def add_task(self, task: Any) -> None:
        # Called where a request is complete: it gets a thread when it has its turn, and none where it gets no turn.
        self.garbage.count()
        dispatch = functools.partial(super().add_task, task)
        if task.wait_for_turn(task.requests[0], dispatch) and not task.receiving:
            dispatch()

    def maintenance(self, now: float) -> None:
        self.garbage.look()
        for channel in list(self.active_channels.values()):
            channel.give_up_waiting()
            if channel.is_over(now):
                channel.will_close = True

    def handle_accept(self) -> None:
        # Each look at the sockets may cost a wait for the interpreter's lock, so all that have come are taken.
        for _ in range(ACCEPTED):
            if len(self.active_channels) >= self.most_connections:
                self.make_room()
            before = len(self.active_channels)
            super().handle_accept()
            if len(self.active_channels) == before:
                return

    def make_room(self) -> None:
        """Close the connection that has waited longest, of the address that holds most of those that wait."""
        waiting = [each for each in self.active_channels.values() if each.waits]
        if waiting:
            holders = Counter(each.addr[0] for each in waiting)
            most = max(holders.values())
            waiting = [each for each in waiting if holders[each.addr[0]] == most]
            min(waiting, key=lambda each: max(each.began, each.creation_time)).handle_close()


def listener(host: str, port: int) -> socket.socket:
    """Return a socket that listens on an address; on ``::`` also for IPv4, as far as the system does."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = host == "::" and socket.has_dualstack_ipv6()
    return socket.create_server((host, port), family=family, backlog=1024, dualstack_ipv6=both)


def make_server(application: Any, sockets: list[socket.socket]) -> tuple[Server, dict[int, Any]]:
    """Return a server of an application for sockets that listen, and waitress's map of it.

    Args:
        application: WSGI, with ``ask`` (``s3sync.web.front``).
        sockets: they share threads and limits.
    """
    limits = application.limits
    sys.setswitchinterval(SWITCH)
    files = allow_files(MOST_CONNECTIONS + FILES_BESIDE)
    adjustments = Adjustments(
        ident="Eden",
        threads=limits.THREADS,
        max_request_header_size=limits.HEADERS,
        # Larger ones are bounded by what the application says.
        max_request_body_size=1 << 50,
        # The server makes room itself before this is reached.
        connection_limit=1 << 30,
        recv_bytes=64 * 1024,
        cleanup_interval=LOOK,
        clear_untrusted_proxy_headers=False,
        asyncore_use_poll=True,
        log_socket_errors=False,
    )
    adjustments.front = limits
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    dispatcher = ThreadedTaskDispatcher()
    dispatcher.set_thread_count(adjustments.threads)
    map: dict[int, Any] = {}
    for each in sockets:
        information = (each.family, each.type, each.proto, each.getsockname())
        server = Server(
            application,
            map,
            True,
            each,
            dispatcher=dispatcher,
            adj=adjustments,
            sockinfo=information,
            bind_socket=False,
        )
        server.most_connections = max(64, min(MOST_CONNECTIONS, files - FILES_BESIDE))
        listeners = application.listeners
        listeners.most = min(listeners.most, server.most_connections // 10)
    return server, map


def allow_files(wanted: int) -> int:
    """Let this process have so many open files if the system allows it; return how many it may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if soft == resource.RLIM_INFINITY else soft


def serve(home: Path, host: str, port: int) -> None:
    """Serve a site until this process gets SIGTERM.

    Args:
        home: the instance folder.
        host, port: where to listen.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit

    sock = listener(host, port)
    application = AccessLog(load_application(home), home / "logs" / "access.log")
    server, map = make_server(application, [sock])
    server.garbage = Garbage()
    signal.signal(signal.SIGTERM, stop)
    try:
        wasyncore.loop(timeout=1, map=map, use_poll=True)
    except (SystemExit, KeyboardInterrupt):
        sock.close()
        server.task_dispatcher.shutdown(timeout=10)
