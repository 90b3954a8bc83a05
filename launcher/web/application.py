"""The WSGI application of an instance folder: web2py's, behind the limits and turns of the synchronisation."""

from __future__ import annotations

import datetime
import functools
import importlib
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Callable

from ..configuration import SiteConfiguration, read_configuration
from ..instance import is_instance
from ..places import APPLICATION, CHECKOUT


def load_application(home: Path) -> Any:
    """Return the application of a site, once in a process.

    Args:
        home: the instance folder. It becomes the process's working directory, as web2py requires.

    Raises:
        SystemExit: the folder has not been prepared.
    """
    if not is_instance(home):
        sys.exit(f"{home} is no instance folder yet. Prepare it: ./run --instance {home} --exit")
    os.chdir(home)
    # The checkout has a folder "applications" too: it must not be found instead of the home's.
    sys.path[:] = [str(home), *(path for path in sys.path if path not in ("", str(CHECKOUT), str(home)))]
    # gluon reads its home from this variable when it is imported.
    os.environ["web2py_path"] = str(home)  # noqa: SIM112
    from gluon.settings import global_settings

    global_settings.web2py_runtime_handler = True
    from gluon.main import wsgibase

    # The name that web2py gives it.
    front = importlib.import_module(f"applications.{APPLICATION}.modules.s3sync.web.front.application")
    configuration = read_configuration(home) or SiteConfiguration()
    return front.Front(wsgibase, APPLICATION, configuration.public_url)


class AccessLog:
    """Notes each request in a file, in web2py's format: address, time, method, path, protocol, status, seconds.

    Args:
        application: the application that answers.
        path: the file. It may be emptied meanwhile.
    """

    def __init__(self, application: Any, path: Path) -> None:
        self._application = application
        self._file = open(path, "a", encoding="utf-8")  # noqa: SIM115 (as long as the process)

        self.limits, self.ask, self.busy = application.limits, application.ask, application.busy
        self.may_listen, self.listen = application.may_listen, application.listen
        self.listeners = application.listeners

    def turn(self, environ: dict[str, Any]) -> Any:
        turn = self._application.turn(environ)
        if isinstance(turn, tuple):
            # Written with the next request that is served: a crowd is refused without a wait for the disk.
            self._note(environ, turn[0], 0.0)
        return turn

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        began = time.monotonic()
        # web2py changes the environment of a request.
        asked = dict(environ)

        def note(status: str, *rest: Any) -> Any:
            self._note(asked, status, time.monotonic() - began)
            self._file.flush()
            return start_response(status, *rest)

        return self._application(environ, note)  # type: ignore[no-any-return]

    def _note(self, environ: dict[str, Any], status: str, seconds: float) -> None:
        when = _told(int(time.time()))
        said = [environ[name] for name in ("REQUEST_METHOD", "PATH_INFO", "SERVER_PROTOCOL")]
        words = [environ.get("REMOTE_ADDR", ""), when, *said, status[:3], f"{seconds:.6f}"]
        self._file.write(", ".join(_one_line(word) for word in words) + "\n")


@functools.lru_cache(maxsize=1)
def _told(moment: int) -> str:
    return datetime.datetime.fromtimestamp(moment).strftime("%Y-%m-%d %H:%M:%S")


def _one_line(text: str) -> str:
    if not text.isprintable():
        text = "".join(each if each.isprintable() else "?" for each in text)
    return text.replace(",", "%2C")
