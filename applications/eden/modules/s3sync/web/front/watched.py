"""The addresses for monitoring: answered also where the application cannot open its database."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterable
from typing import Any, Callable

from .answers import Answer, json_answer
from .inside import close

#: Paths -> the function of the application that answers; its own address stands for the same.
FUNCTIONS = ("health", "metrics")
#: Seconds for which an answer about the health is given again: whoever asks often costs nothing.
FRESH = 2.0
#: The same where the application failed: each try may leave a report, and take seconds.
FRESH_AFTER_FAILURE = 15.0
UNREAD = {"message": "The figures cannot be read just now."}


def watched_function(path: str) -> str | None:
    """Return the function that an address for monitoring asks for, None for other addresses.

    Args:
        path: path of the address.
    """
    parts = [each for each in path.split("/") if each]
    if len(parts) == 3 and parts[1] == "sync":
        parts = parts[2:]
    return parts[0] if len(parts) == 1 and parts[0] in FUNCTIONS else None


def unwell() -> Answer:
    """Return what is told of the health of a site whose application fails."""
    return json_answer(
        503, {"alive": True, "database": False, "workers": None, "oldest_waiting_seconds": None}
    )


class Watched:
    """Asks the application what monitoring wants to know.

    Args:
        application: web2py's.
        name: of the application, the first part of its addresses.
        clock: the time in seconds.
    """

    def __init__(self, application: Any, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._application = application
        self._name = name
        self._now = clock
        self._lock = threading.Lock()
        self._health: tuple[Answer, float] | None = None

    def answer(self, environ: dict[str, Any], function: str) -> Answer:
        """Return the answer to a request; that about the health is remembered for a moment.

        Args:
            environ: the request.
            function: one of FUNCTIONS.
        """
        if function != "health" or environ.get("REQUEST_METHOD") not in ("GET", "HEAD"):
            return self._asked(environ, function)
        with self._lock:
            if self._health is None or self._health[1] <= self._now():
                found = self._asked(environ, function)
                lasts = FRESH_AFTER_FAILURE if b'"database": false' in found.body else FRESH
                self._health = found, self._now() + lasts
            return self._health[0]

    def _asked(self, environ: dict[str, Any], function: str) -> Answer:
        left_out = ("HTTP_COOKIE", "HTTP_RANGE", "CONTENT_LENGTH", "CONTENT_TYPE", "HTTP_TRANSFER_ENCODING")
        path = f"/{self._name}/sync/{function}"
        question = {key: value for key, value in environ.items() if key not in left_out}
        question.update(PATH_INFO=path, REQUEST_URI=path, QUERY_STRING="")
        question["wsgi.input"] = io.BytesIO()
        begun: list[Any] = []
        body: Iterable[bytes] = self._application(question, lambda *head: begun.extend(head[:2]))
        try:
            text = b"".join(body)
        finally:
            close(body)
        status, headers = begun
        is_json = any(each[0].lower() == "content-type" and "json" in each[1] for each in headers)
        if status.startswith("500") or (status.startswith("503") and not is_json):
            return unwell() if function == "health" else json_answer(503, UNREAD)
        kept = [each for each in headers if each[0].lower() in ("content-type", "cache-control", "allow")]
        return Answer(status, [*kept, ("Content-Length", str(len(text)))], text)
