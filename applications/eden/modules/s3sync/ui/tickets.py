"""Error reports of web2py (tickets) without the secrets of the request that failed.

web2py writes down the values of all variables, the headers and the session. Tickets are kept, copied and sent, so what
could be a password must not be in them: no values at all, and texts without the credentials of the request.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from typing import Any, Callable
from urllib.parse import quote, quote_plus, unquote_plus

from gluon import current, restricted

from .passing import PASSING
from .program_requests import basic_credentials

#: What stands in place of a secret.
HIDDEN = "(hidden)"
#: Frames, lines around each, and characters of a message in a ticket.
MOST_FRAMES, LINES_AROUND, LONGEST_MESSAGE = 50, 5, 2000
#: The shortest secret to look for: shorter ones would hide ordinary words.
SHORTEST = 4
#: What names of form fields and variables with secrets contain.
SECRET_WORDS = ("pass", "secret", "token", "pwd", "key", "credential")
_HEADERS = ("http_authorization", "http_proxy_authorization", "http_cookie")
_store = restricted.RestrictedError.log
#: Whether a failure of a request passes by itself.
IsPassing = Callable[[Any, "BaseException | None"], bool]


def hide_secrets(is_passing: IsPassing) -> None:
    """Let web2py write its tickets without secrets, readable by their owner only.

    Args:
        is_passing: returns whether a failure of a request passes by itself: of that no ticket is written.
    """
    restricted.snapshot = snapshot

    def log(self: Any, request: Any) -> Any:
        if request.env.eden_tells_passing and is_passing(request, _error_of(self)):
            return PASSING
        return write(self, request)

    restricted.RestrictedError.log = log


def _error_of(failure: BaseException) -> BaseException | None:
    """Return what is being handled, which web2py has wrapped or not."""
    raised = sys.exc_info()[1]
    return failure.__context__ if raised is failure else raised


def snapshot(
    info: Any = None, context: int = 5, code: str | None = None, environment: Any = None
) -> dict[str, Any]:
    """Return where a request failed, in the form of ``gluon.restricted.snapshot``, without the values of variables.

    Args:
        info, context, code: see there; not used.
        environment: the request's environment.
    """
    kind, error, trace = info or sys.exc_info()
    request = (environment or {}).get("request")
    frames = [
        {
            "file": each.filename,
            "func": each.name,
            "call": "",
            "lines": {each.lineno: each.line},
            "lnum": each.lineno,
            "dump": {},
        }
        for each in traceback.extract_tb(trace)[-MOST_FRAMES:]
    ]
    return {
        "pyver": f"Python {sys.version.split()[0]}: {sys.executable}",
        "date": time.ctime(),
        "frames": frames,
        "etype": str(kind),
        "evalue": str(error)[:LONGEST_MESSAGE],
        "exception": {},
        "locals": {},
        "request": _address(request) if request is not None else "",
        "response": "",
        "session": "",
    }


def write(self: Any, request: Any) -> Any:
    """Store a ticket (``RestrictedError.log``); return its name."""
    known = secrets_of(request)
    self.traceback, self.output = hidden(str(self.traceback), known), ""
    self.snapshot = _hidden_everywhere(self.snapshot, known)
    name = _store(self, request)
    path = os.path.join(str(request.folder), "errors", str(name or "").rpartition("/")[2])
    if name and os.path.isfile(path):
        os.chmod(path, 0o600)
    return name


def secrets_of(request: Any) -> list[str]:
    """Return the texts of a request that must not be written down, the longest first."""
    env = request.env
    found = {str(env.get(each) or "") for each in _HEADERS}
    for header in _HEADERS[:2]:
        found.update(_credentials(str(env.get(header) or "")))
    for part in str(env.get("http_cookie") or "").split(";"):
        found.add(part.partition("=")[2].strip().strip('"'))
    found.add(str(getattr(getattr(current, "response", None), "session_id", None) or ""))
    for variables in (request.get("_post_vars"), request.get("_get_vars")):
        for name, value in (variables or {}).items():
            if any(word in str(name).lower() for word in SECRET_WORDS):
                found.update(str(each) for each in (value if isinstance(value, list) else [value]))
    for part in str(env.get("query_string") or "").split("&"):
        name, _, value = part.partition("=")
        if any(word in name.lower() for word in SECRET_WORDS):
            found.update((value, unquote_plus(value)))
    return sorted((each for each in found if len(each) >= SHORTEST), key=len, reverse=True)


def hidden(text: str, known: list[str]) -> str:
    """Return a text without these secrets, however it writes them."""
    for secret in known:
        for written in {secret, repr(secret)[1:-1], quote(secret, safe=""), quote_plus(secret)}:
            text = text.replace(written, HIDDEN)
    return text


def _credentials(header: str) -> list[str]:
    value = header.partition(" ")[2]
    given = basic_credentials(header)
    return [value] if given is None else [value, ":".join(given), given[1]]


def _hidden_everywhere(value: Any, known: list[str]) -> Any:
    if isinstance(value, str):
        return hidden(value, known)
    if isinstance(value, dict):
        return {key: _hidden_everywhere(each, known) for key, each in value.items()}
    if isinstance(value, list):
        return [_hidden_everywhere(each, known) for each in value]
    return value


def _address(request: Any) -> str:
    env = request.env
    return f"{env.request_method} {str(env.path_info)[:LONGEST_MESSAGE]}?{str(env.query_string)[:LONGEST_MESSAGE]}"
