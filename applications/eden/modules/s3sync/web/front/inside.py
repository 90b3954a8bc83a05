"""How the layer asks the application that is inside of it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, Callable

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

#: At each hundredth request web2py looks for garbage in all of the process, a tenth of a second in which nobody else is
#: answered, not even refused. Python looks by itself, mostly among what is new, as often as there is garbage.
_NO_SEARCH_FOR_GARBAGE = "web2py_disable_garbage_collect"
#: A request of the process itself.
WITHOUT_CLIENT: Environ = {
    "REQUEST_METHOD": "GET",
    "QUERY_STRING": "",
    "SERVER_NAME": "localhost",
    "SERVER_PORT": "80",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "REMOTE_ADDR": "127.0.0.1",
    "HTTP_HOST": "localhost",
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
}


def without_search(application: Application) -> Application:
    """Return an application that does not let web2py look for garbage."""

    def call(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ[_NO_SEARCH_FOR_GARBAGE] = True
        return application(environ, start_response)

    return call


class Held:
    """The beginning of an answer, held until it is known whether it is sent."""

    status = "500 Internal Server Error"
    headers: list[tuple[str, str]] = []

    def __call__(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[..., Any]:
        # What the site runs on is nobody's business.
        self.status = status
        self.headers = [each for each in headers if each[0].lower() != "x-powered-by"]
        return _no_write

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


def _no_write(data: bytes) -> None:
    raise NotImplementedError("web2py returns its answers")


def close(body: Iterable[bytes]) -> None:
    """End an answer that was read, or that nobody reads."""
    getattr(body, "close", lambda: None)()
