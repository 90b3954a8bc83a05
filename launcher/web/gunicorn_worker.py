"""A worker of gunicorn with the web server of ``./run`` inside: several processes with the same limits.

gunicorn's own workers give each connection a thread, or a process, while its request arrives: a few slow clients stop
them. This one reads requests in its own loop.
"""

from __future__ import annotations

import os
from typing import Any

from gunicorn.workers.base import Worker
from waitress import wasyncore

from .garbage import Garbage
from .server import make_server


class FrontWorker(Worker):
    """One process of gunicorn."""

    def run(self) -> None:
        """Serve until gunicorn says stop; tell it regularly that this process lives."""
        sockets: list[Any] = [each.sock for each in self.sockets]
        for each in sockets:
            each.setblocking(False)
        server, map = make_server(self.wsgi, sockets)
        server.garbage = Garbage()
        while self.alive and self.ppid == os.getppid():
            wasyncore.loop(timeout=1, map=map, use_poll=True, count=1)
            self.notify()
        for each in self.sockets:
            each.close()
        server.task_dispatcher.shutdown(timeout=self.cfg.graceful_timeout)
