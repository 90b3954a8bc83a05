"""The layer itself: a WSGI application around web2py's."""

from __future__ import annotations

import contextlib
import io
import json
import re
import tempfile
from collections.abc import Collection, Hashable, Iterable
from typing import Any, BinaryIO, Callable
from urllib.parse import quote, urlencode

from ...core.limits import CHUNK
from ...ui.passing import PASSING, TELLS_PASSING
from ...wire.protocol.listening import LISTEN_AGAIN
from ...wire.protocol.names import LISTEN_PATH
from . import limits as limits
from .addresses import application_of, of_program
from .answers import Answer, Refused, after_the_end, busy, failed, problem, refusal, spared
from .cookies import by_port
from .forms import as_form, check_form
from .inside import WITHOUT_CLIENT, Application, Environ, Held, close, without_search
from .limits import (
    ANSWER,
    ASKED,
    ASKS,
    HEADERS,
    LISTENER,
    LISTENS,
    LOOKS,
    METHODS,
    MOST_HEADERS,
    MOST_LISTENERS,
    PEERS_AT_ONCE,
    PEERS_WAITING,
    PEOPLE_AT_ONCE,
    PEOPLE_WAITING,
    REQUEST_LINE,
    TAKES,
    TURN,
    UNASKED,
    WATCHERS_AT_ONCE,
    WATCHERS_WAITING,
)
from .listeners import Begun, Listener, Listeners
from .permissions import Permissions
from .prefix import Prefix
from .ranges import beyond, keep_plain
from .sent_again import SENT, sent_fields
from .turns import Turn, Turns
from .watched import Watched, watched_function

#: web2py answers an error with another page where this is set; the layer does that itself, without the body.
_WEB2PYS_ERROR_PAGE = "__ROUTES_ONERROR__"
_PROBLEM = "default/problem"
#: Methods for which web2py parses the body of a page's request.
_PARSED = ("POST", "PUT", "DELETE")
_REPOSITORY = re.compile(r"(?:^|&)repository=([^&]{0,200})")


class Front:
    """web2py's application behind limits and turns.

    Args:
        application: web2py's.
        name: of the application that answers monitoring.
        public_url: address at which others reach the site, without the application; it may end in a path.
    """

    #: For a server that looks at requests itself.
    limits = limits

    def __init__(self, application: Application, name: str = "eden", public_url: str = "") -> None:
        application = without_search(application)
        self._prefix = Prefix(public_url, name)
        self._application = self._prefix.bound(by_port(application))
        self._watched = Watched(application, name)
        self._watchers = Turns(WATCHERS_AT_ONCE, WATCHERS_WAITING)
        self._peers = Turns(PEERS_AT_ONCE, PEERS_WAITING)
        self._people = Turns(PEOPLE_AT_ONCE, PEOPLE_WAITING)
        self._permissions = Permissions()
        self._name = name
        self.listeners = Listeners(self._look, MOST_LISTENERS)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        answer = environ.pop(ANSWER, None)
        if answer is not None:
            return self._send(answer, start_response)
        self._prefix.enter(environ)
        for_program = of_program(environ.get("PATH_INFO", ""))
        try:
            check_head(environ)
            function = watched_function(environ.get("PATH_INFO", ""))
            if function is not None:
                return self._in_turn(environ, start_response, function)
            with contextlib.ExitStack() as undo:
                if not for_program and has_body(environ):
                    most = self._page_body(environ)
                    if isinstance(most, Answer):
                        return self._send(most, start_response)
                    undo.callback(_spool(environ, most).close)
                return self._in_turn(environ, start_response)
        except Refused as refused:
            return self._send(refusal(refused, for_program), start_response)

    def ask(self, environ: Environ) -> int | Answer:
        """Ask the application before a body is read whether it takes it.

        Args:
            environ: the request.

        Returns:
            the maximum bytes of the body, or the answer to the request.
        """
        self._prefix.enter(environ)
        try:
            check_head(environ)
        except Refused as refused:
            return refusal(refused, of_program(environ.get("PATH_INFO", ""))).below(self._prefix.path)
        asking = _asking(environ)
        remembered = None if asking is None else self._permissions.most(asking, announced(environ))
        if remembered is not None:
            return remembered
        held = Held()
        question = {**environ, ASKS: True, "wsgi.input": io.BytesIO()}
        body = self._in_turn(question, held)
        try:
            text = b"".join(body)
        finally:
            close(body)
        takes = held.header(TAKES)
        if held.status.startswith("204") and takes:
            if asking is not None:
                self._permissions.give(asking, int(takes))
            return int(takes)
        return Answer(held.status, held.headers, text)

    def _page_body(self, environ: Environ) -> int | Answer:
        """Return the maximum bytes of the body of a page's request, or the answer to it."""
        length = announced(environ)
        if environ.get(ASKED) or (length is not None and length <= UNASKED):
            return UNASKED if length is None else max(length, UNASKED)
        return self.ask(environ)

    def turn(self, environ: Environ) -> Turn | Answer:
        """Ask for the turn of a request, at once; return it, or the answer that it has to come again.

        A server that does so itself waits until it has begun (``Turn.when_begun``), puts it into the environment as
        ``limits.TURN``, and leaves it at the end.
        """
        self._prefix.enter(environ)
        for_program = of_program(environ.get("PATH_INFO", ""))
        turns = self._peers if for_program else self._people
        if watched_function(environ.get("PATH_INFO", "")) is not None:
            # A site that has more to do than it can is alive.
            turns, for_program = self._watchers, True
        turn = turns.ask(_who(environ) if for_program else None)
        return turn if isinstance(turn, Turn) else busy(turn, for_program).below(self._prefix.path)

    def may_listen(self, method: str, path: str) -> bool:
        """Return whether a request is one of a site that may listen for changes: a server calls ``listen`` then."""
        asked = {"PATH_INFO": path}
        self._prefix.enter(asked)
        return method == "POST" and asked["PATH_INFO"] == f"/{self._name}/{LISTEN_PATH}"

    def listen(self, environ: Environ) -> Answer | Listener:
        """Ask the application what there is for a site that listens; for servers that let it wait without a thread.

        Args:
            environ: the request, with its turn.

        Returns:
            the answer, or what it waits for. Who gives it to the client calls this application with it as ``ANSWER``.
        """
        try:
            check_head(environ)
        except Refused as refused:
            return refusal(refused, True)
        held = Held()
        self._prefix.enter(environ)
        body = self._in_turn({**environ, LISTENS: True}, held)
        try:
            text = b"".join(body)
        finally:
            close(body)
        said = held.header(LISTENER)
        if not said:
            return Answer(held.status, held.headers, text)
        key, position, journal = said.split(" ")
        begun = Begun(int(key), int(position), journal)
        return self.listeners.add(begun) or begun.answer(begun.position, again=LISTEN_AGAIN)

    def _look(self, after: int, keys: Collection[int]) -> tuple[int, Collection[int]]:
        """Ask the application for which sites something has changed."""
        path = f"/{self._name}/sync/listeners.json"
        question = {**WITHOUT_CLIENT, "PATH_INFO": path, "REQUEST_URI": path, "wsgi.input": io.BytesIO()}
        question.update({LOOKS: f"{after} {','.join(map(str, keys))}", _WEB2PYS_ERROR_PAGE: True})
        held = Held()
        body = self._application(question, held)
        try:
            found = json.loads(b"".join(body))
        finally:
            close(body)
        return int(found["head"]), frozenset(map(int, found["changed"]))

    def busy(self, path: str, seconds: float) -> Answer:
        """Return the answer to a request whose turn did not come in time."""
        asked = {"PATH_INFO": path}
        self._prefix.enter(asked)
        return busy(seconds, of_program(asked["PATH_INFO"])).below(self._prefix.path)

    def _in_turn(
        self, environ: Environ, start_response: Callable[..., Any], watched: str | None = None
    ) -> Iterable[bytes]:
        for_program = of_program(environ.get("PATH_INFO", ""))
        turn = environ.pop(TURN, None) or self.turn(environ)
        if not isinstance(turn, Turn):
            return self._send(turn, start_response)
        try:
            wait = turn.wait()
            if wait is not None:
                return self._send(busy(wait, for_program), start_response)
            if watched is not None:
                return self._send(self._watched.answer(environ, watched), start_response)
            return self._answer(environ, start_response, for_program)
        finally:
            turn.leave()

    def _answer(
        self, environ: Environ, start_response: Callable[..., Any], for_program: bool
    ) -> Iterable[bytes]:
        environ[_WEB2PYS_ERROR_PAGE] = environ[TELLS_PASSING] = True
        # web2py changes the environment of a request.
        before = dict(environ)
        asking = _asking(environ)
        keep_plain(environ)
        held = Held()
        body = self._application(environ, held)
        if asking is not None and held.status[:1] not in "23":
            self._permissions.take(asking)
        size = beyond(held.status, held.header("Content-Length"), held.header("Content-Range"))
        if size is not None:
            close(body)
            return self._send(after_the_end(size), start_response)
        ticket = held.header("web2py_error").partition("ticket ")[2]
        if not (held.status.startswith("500") and ticket):
            said = [str(before.get(name, "")) for name in ("REQUEST_METHOD", "HTTP_ACCEPT_ENCODING")]
            start_response(held.status, spared(held.headers, *said) if for_program else held.headers)
            return body
        close(body)
        if for_program:
            return self._send(failed(ticket.rpartition("/")[2]), start_response)
        return self._problem_page(before, ticket, start_response)

    def _problem_page(
        self, environ: Environ, ticket: str, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer with the page that tells a person what happened; it does not see the body of the request.

        Where that page fails too, as without a database, a plain one tells it.

        Args:
            environ: the request, as it was.
            ticket: number of the report, with the name of the application; ``PASSING`` if there is none.
            start_response: as of WSGI.
        """
        path = environ.get("PATH_INFO", "")
        uri = environ.get("REQUEST_URI") or self._prefix.path + path
        asked = uri if "?" in uri else "?".join(filter(None, (quote(uri), environ.get("QUERY_STRING"))))
        fields = sent_fields(environ) if has_body(environ) else []
        writes = environ["REQUEST_METHOD"] not in ("GET", "HEAD")
        status = 503 if ticket == PASSING else 500
        question = {
            **{key: value for key, value in environ.items() if key not in ("CONTENT_LENGTH", "CONTENT_TYPE")},
            "REQUEST_METHOD": "GET",
            "PATH_INFO": f"/{application_of(path)}/{_PROBLEM}",
            "QUERY_STRING": urlencode(
                {"code": status, "ticket": ticket, "requested_uri": uri}, quote_via=quote
            ),
            "WEB2PY_STATUS_CODE": status,
            "wsgi.input": io.BytesIO(),
            SENT: (asked, fields, writes),
        }
        held = Held()
        body = self._application(question, held)
        if held.header("web2py_error"):
            close(body)
            return self._send(problem(ticket.rpartition("/")[2], asked, fields, writes), start_response)
        start_response(held.status, held.headers)
        return body

    def _send(self, answer: Answer, start_response: Callable[..., Any]) -> Iterable[bytes]:
        answer = answer.below(self._prefix.path)
        start_response(answer.status, answer.headers)
        return [answer.body]


def check_head(environ: Environ) -> None:
    """Check what comes before the body.

    Raises:
        Refused: it is too long, has an unknown method or a NUL, or leaves open where the body ends.
    """
    if environ.get("REQUEST_METHOD") not in METHODS:
        raise Refused(501, "This method is not known here.")
    uri = environ.get("REQUEST_URI") or environ.get("PATH_INFO", "") + environ.get("QUERY_STRING", "")
    if len(uri) > REQUEST_LINE:
        raise Refused(414, f"The address has more than {REQUEST_LINE} characters.")
    if "\0" in environ.get("PATH_INFO", ""):
        # No file can have such a name, and web2py fails where it looks for one.
        raise Refused(400, "The address holds a NUL.")
    headers = [len(name) + len(str(value)) for name, value in environ.items() if name.startswith("HTTP_")]
    if len(headers) > MOST_HEADERS or sum(headers) > HEADERS:
        raise Refused(431, f"A request may have {MOST_HEADERS} headers with {HEADERS} bytes.")
    length = environ.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit() and len(length) < 16):
        raise Refused(400, "The length of the body is no number.")
    if environ.get("HTTP_TRANSFER_ENCODING"):
        if environ.get("CONTENT_LENGTH"):
            raise Refused(400, "The request has a length and comes in chunks: its end is not certain.")
        if not environ.get("wsgi.input_terminated"):
            raise Refused(411, "The web server of this site takes only bodies whose length is announced.")


def announced(environ: Environ) -> int | None:
    """Return the length of the body of a request, None if it comes in chunks."""
    return None if environ.get("HTTP_TRANSFER_ENCODING") else int(environ.get("CONTENT_LENGTH") or 0)


def has_body(environ: Environ) -> bool:
    return announced(environ) != 0


def _spool(environ: Environ, most: int) -> BinaryIO:
    """Take the body of a page's request out of the line, look through it if it is a form, and put it in place.

    Raises:
        Refused: it is larger than ``most``, cut, or nothing that web2py could bear as a form.
    """
    length = announced(environ)
    if length is not None and length > most:
        raise too_large(most)
    if environ["REQUEST_METHOD"] in _PARSED:
        environ["CONTENT_TYPE"] = as_form(environ.get("CONTENT_TYPE") or "")
    body: Any = tempfile.SpooledTemporaryFile(max_size=UNASKED)  # noqa: SIM115
    try:
        _copy(environ["wsgi.input"], body, length, most)
        size = body.tell()
        body.seek(0)
        check_form(body, environ.get("CONTENT_TYPE") or "")
    except BaseException:
        body.close()
        raise
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ["CONTENT_LENGTH"] = str(size)
    environ["wsgi.input"] = body
    return body  # type: ignore[no-any-return]


def _copy(source: BinaryIO, target: BinaryIO, length: int | None, most: int) -> None:
    left = most + 1 if length is None else length
    while left > 0:
        data = source.read(min(CHUNK, left))
        if not data:
            break
        target.write(data)
        left -= len(data)
    if length is None and left <= 0:
        raise too_large(most)
    if length is not None and left > 0:
        raise Refused(400, "The body is shorter than announced.")


def too_large(most: int) -> Refused:
    return Refused(413, f"This is larger than the {most} bytes that are taken here.")


def _who(environ: Environ) -> Hashable:
    """Return what tells one asking site from another one: account, name and address, but not as they are."""
    repository = _REPOSITORY.search(environ.get("QUERY_STRING", ""))
    name = repository.group(1) if repository else ""
    return hash((environ.get("HTTP_AUTHORIZATION", ""), name, environ.get("REMOTE_ADDR", "")))


def _asking(environ: Environ) -> Hashable:
    """Return what an answer to ``ask`` depends on, None if it is not to be remembered: for pages, and strangers."""
    if not (of_program(environ.get("PATH_INFO", "")) and environ.get("HTTP_AUTHORIZATION")):
        return None
    headers = sorted((name, str(environ[name])) for name in environ if name.startswith("HTTP_"))
    said = [environ.get(name, "") for name in ("REQUEST_METHOD", "PATH_INFO", "CONTENT_TYPE")]
    return hash((_who(environ), *said, *headers))
