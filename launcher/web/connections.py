"""Connections of waitress with stricter rules, and questions to the application before a large body is read."""

from __future__ import annotations

import functools
import io
import re
import time
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import BadRequest, RequestEntityTooLarge, ServerNotImplemented

#: Seconds in which the headers of a request have to come, after which a silent connection is closed, and in which
#: the rest of a refused body is thrown away, so that the answer arrives; and bytes of that.
HEADER_SECONDS, SILENT_SECONDS, DRAIN_SECONDS, DRAINED = 30.0, 75.0, 3.0, 2 << 20
#: What stands in an address as it was typed; waitress knows only encoded addresses.
_NOT_ENCODED = re.compile(rb"[\x80-\xff]")


class Parser(HTTPRequestParser):
    """A request while it arrives. What leaves open where it ends is refused, and the connection is closed."""

    #: Bytes of the body that are taken; None until the application was asked.
    most: int | None = None
    asked = continues = False
    expect_continue: bool
    looked_at = False
    #: What the application gave it when its body was there.
    turn: Any = None
    #: The answer, where it was waited for.
    answer: Any = None
    listens = False

    def received(self, data: bytes) -> int:
        consumed: int = super().received(data)
        if self.headers_finished and self.error is None:
            if not self.looked_at:
                self.looked_at = True
                self._look()
            if self.most is not None and self.body_bytes_received > self.most:
                self._refuse(
                    RequestEntityTooLarge(f"This is larger than the {self.most} bytes that are taken here.")
                )
        return consumed

    def parse_header(self, header_plus: bytes) -> None:
        if b"\n " in header_plus or b"\n\t" in header_plus:
            raise ParsingError("Headers on several lines are not taken")
        first, end, rest = header_plus.partition(b"\r\n")
        if not first.isascii():
            first = _NOT_ENCODED.sub(lambda byte: b"%%%02X" % ord(byte[0]), first)
            header_plus = first + end + rest
        super().parse_header(header_plus)

    @property
    def wants_to_ask(self) -> bool:
        """Whether the application has to be asked before more of the body is read."""
        return not (self.asked or self.completed) and self.headers_finished and self.body_rcv is not None

    def _look(self) -> None:
        front = self.adj.front
        if self.completed:
            # waitress would permit a body that does not come, and wait for it.
            self.expect_continue = False
        if self.command not in front.METHODS:
            self._refuse(ServerNotImplemented("This method is not known here."))
        elif self.chunked and "CONTENT_LENGTH" in self.headers:
            self._refuse(BadRequest("The request has a length and comes in chunks."))
        elif "TRANSFER_ENCODING" in self.headers:
            self._refuse(BadRequest("Chunks are for HTTP/1.1."))
        elif not self.chunked and self.content_length <= front.UNASKED:
            self.asked = True
        else:
            # Permission to send the body is given when the application has given it.
            self.continues, self.expect_continue = self.expect_continue, False

    def _refuse(self, error: Any) -> None:
        self.error = error
        self.completed = True


class Refusal:
    """The application's answer in place of an error of waitress.

    Args:
        answer: status, headers and body.
    """

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def to_response(self, ident: str | None = None) -> Any:
        status, headers, body = self.answer
        return status, [each for each in headers if each[0].lower() != "content-length"], body


class Task(WSGITask):
    """A request that is answered by the application."""

    def get_environment(self) -> dict[str, Any]:
        first = self.environ is None
        environ: dict[str, Any] = super().get_environment()
        if first:
            environ[self.request.adj.front.ASKED] = True
            environ[self.request.adj.front.TURN] = self.request.turn
            # Files are sent by the server's own loop: no thread waits for a slow reader.
            environ["web2py_use_wsgi_file_wrapper"] = environ["REQUEST_METHOD"] == "GET"
            if self.request.answer is not None:
                environ[self.request.adj.front.ANSWER] = self.request.answer
        return environ


class RefusalTask(ErrorTask):
    """A request that is answered without the application. All of it is sent at once.

    The loop does this itself. Each call of the system lets another thread have the interpreter's lock, and where a
    crowd is refused there are threads that compute.
    """

    wrote_header: bool

    def write(self, data: bytes) -> None:
        if self.wrote_header or not data or not self.has_body:
            super().write(data)
            return
        head: bytes = self.build_response_header()
        self.wrote_header = True
        self.content_bytes_written += len(data)
        self.channel.write_soon(head + data)


class Question:
    """Asks the application, in a thread, whether it takes the body of a request whose headers are there."""

    def __init__(self, channel: Channel, request: Parser) -> None:
        self.channel, self.request = channel, request

    def service(self) -> None:
        channel, request = self.channel, self.request
        environ = Task(channel, request).get_environment()
        environ["wsgi.input"] = io.BytesIO()
        if request.chunked:
            environ["HTTP_TRANSFER_ENCODING"] = "chunked"
        try:
            said = channel.server.application.ask(environ)
        except Exception:
            channel.logger.exception("The application could not be asked for %s", request.path)
            said = ("500 Internal Server Error", [("Content-Type", "text/plain")], b"Internal error\n")
        finally:
            request.turn.leave()
            request.turn = None
        channel.answered(request, said)

    def cancel(self) -> None:
        self.channel.will_close = True


class Channel(HTTPChannel):
    """A connection."""

    parser_class = Parser
    task_class = Task
    error_task_class = RefusalTask
    request: Parser | None
    close_when_flushed: bool

    asking = False
    began = 0.0
    drain_until: float | None = None
    drained = 0
    refused_body = receiving = False

    def received(self, data: bytes) -> Any:
        if self.request is None:
            self.began = time.time()
        self.receiving = True
        result = super().received(data)
        self.receiving = False
        if self.requests and self.requests[0].error and not self.asking:
            self.service()
        return result

    def wait_for_turn(self, request: Parser, then: Any) -> bool:
        """Ask for the turn of a request, and call a function when it begins.

        Args:
            request: one whose headers are there at least.
            then: takes no arguments; it is called by whatever thread ends another turn.

        Returns:
            whether the request is refused and has to be answered at once, by the loop: that needs no thread.
        """
        if request.error is None:
            environ = self.task_class(self, request).get_environment()
            turn = self.server.application.turn(environ)
            if isinstance(turn, tuple):
                request.error = Refusal(turn)
            else:
                request.turn = turn
                turn.when_begun(then)
        return request.error is not None

    def give_up_waiting(self) -> None:
        """Refuse a request whose turn did not come in time."""
        for request in [*self.requests[:1], self.request]:
            seconds = None if request is None or request.turn is None else request.turn.give_up()
            if request is not None and seconds is not None:
                request.turn = None
                self.refuse(request, self.server.application.busy(request.path, seconds))

    def refuse(self, request: Parser, answer: Any) -> None:
        """Answer a request without the application."""
        with self.requests_lock:
            request.error, request.completed = Refusal(answer), True
            if request is self.request:
                self.refused_body = True
                self.requests.append(request)
                self.request = None
            self.asking = False
        self.service()

    def service(self) -> None:
        request = self.requests[0]
        if self.listens_to(request):
            return
        try:
            super().service()
        finally:
            # It did not come to that where the client has gone.
            if request.turn is not None:
                request.turn.leave()

    def listens_to(self, request: Parser) -> bool:
        """Return whether a request of a site that listens waits from now on: without a thread, and without a turn."""
        application = self.server.application
        if request.error is not None or request.listens or not self.connected:
            return False
        if not application.may_listen(request.command, request.path):
            return False
        request.listens = True
        environ = self.task_class(self, request).get_environment()
        environ["wsgi.input"] = io.BytesIO()
        try:
            found = application.listen(environ)
        except Exception:
            self.logger.exception("A site could not listen")
            found = ("500 Internal Server Error", [("Content-Type", "text/plain")], b"Internal error\n")
        finally:
            request.turn.leave()
        if isinstance(found, tuple):
            request.answer = found
            return False
        found.when_over(functools.partial(self.has_heard, request))
        return True

    def has_heard(self, request: Parser, answer: Any) -> None:
        """Answer a request that has waited, with a thread of the server."""
        request.answer = answer
        self.server.task_dispatcher.add_task(self)

    def readable(self) -> bool:
        if self.drain_until is not None:
            return True
        request = self.request
        if request is not None and request.wants_to_ask:
            if not (self.asking or self.requests):
                self.asking = request.asked = True
                question = functools.partial(self.server.task_dispatcher.add_task, Question(self, request))
                if self.wait_for_turn(request, question) and request.error is not None:
                    self.refuse(request, request.error.answer)
            return False
        return not self.asking and bool(super().readable())

    def answered(self, request: Parser, said: Any) -> None:
        """Go on with a body that is taken, or answer without it."""
        if not isinstance(said, int):
            self.refuse(request, said)
            return
        with self.requests_lock:
            request.most = said
            if request.continues:
                request.expect_continue = True
                self.send_continue()
            self.asking = False
        self.server.pull_trigger()

    def handle_write(self) -> None:
        if self.close_when_flushed and not self.total_outbufs_len and self.refused_body:
            # The client is still sending: closed at once, it would not see the answer.
            self.close_when_flushed = self.refused_body = False
            self.drain_until = time.time() + DRAIN_SECONDS
            self.socket.shutdown(1)
            return
        super().handle_write()

    def writable(self) -> bool:
        if self.drain_until is not None:
            return bool(self.will_close)
        return bool(super().writable())

    def handle_read(self) -> None:
        if self.drain_until is None:
            super().handle_read()
            return
        data = self.recv(self.adj.recv_bytes)
        self.drained += len(data)
        if not data or self.drained > DRAINED:
            self.handle_close()

    def is_over(self, now: float) -> bool:
        """Return whether the connection has been waited for long enough.

        Args:
            now: the time, as ``time.time``.
        """
        if self.drain_until is not None:
            return now > self.drain_until
        if self.requests or self.asking:
            return False
        request = self.request
        if request is not None and not request.headers_finished and now - self.began > HEADER_SECONDS:
            return True
        return bool(now - self.last_activity > SILENT_SECONDS)

    @property
    def waits(self) -> bool:
        """Whether nothing is being done for this connection."""
        return not (self.requests or self.asking or self.total_outbufs_len)
