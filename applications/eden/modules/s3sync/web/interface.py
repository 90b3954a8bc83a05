"""The interface for programs: from requests to replies.

A request is read and passed to a use case (``passive``, importer, exporter); its result or error becomes the reply.
Nothing here reads ``request.vars``: the body is a document, whatever its content type.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, BinaryIO

from gluon import HTTP

from ..core.errors import (
    BadRequest,
    MethodNotAllowed,
    NotAuthenticated,
    NotPermitted,
    UnsupportedFormat,
)
from ..core.limits import is_number
from ..core.task import Activity
from ..passive import dry_run as dry_run
from ..passive import files as files
from ..passive import joining as joining
from ..passive import listening as listening
from ..passive import news as news
from ..passive import offer as offer
from ..passive import parts as parts
from ..passive import pull as pull
from ..passive import push as push
from ..passive import pushes as pushes
from ..passive import registration as registration
from ..passive import standing as standing
from ..site import Site
from ..wire.protocol.dry_run import dry_run_json
from ..wire.protocol.invitation import JoinRequest
from ..wire.protocol.listening import LISTEN_AGAIN, heard_in
from ..wire.protocol.names import CURSOR_HEADER
from ..wire.protocol.news import NewsQuestion
from ..wire.protocol.offer import offer_json
from ..wire.protocol.pull import PullRequest
from ..wire.protocol.push import PushRequest
from ..wire.protocol.pushes import Pushes, pushes_reply
from ..wire.protocol.registration import RegistrationRequest
from ..wire.protocol.replies import part_reply
from ..wire.protocol.standing import StandingReport, standing_reply
from .answering import answering, checked_method
from .bodies import (
    NEWS_SIZE,
    PUSHES_SIZE,
    REGISTRATION_SIZE,
    STANDING_SIZE,
    asking,
    json_answer,
    kept_answer,
    packed_json_answer,
    request_body,
    stored_file,
)
from .documents import FORMATS, answered, sent_document
from .front.limits import LISTENER

#: The methods of each address of the interface.
EXCHANGED = TABLES = ("GET", "POST", "PUT")
REGISTERED = ("POST", "PUT")
OFFERED = ("GET",)
FILES = ("GET", "PUT")
RECORDS = ("GET", "POST", "PUT", "DELETE")


# --- the addresses of the protocol, and the plain resources -----------------------------------------


def sync_request(request: Any, response: Any) -> Any:
    """Answer /sync/sync.xml: GET is a pull, POST and PUT are a push.

    Args:
        request, response: web2py's.

    Returns:
        the body; other replies are raised as gluon's HTTP.
    """
    activity = Activity.PULL if request.env.request_method == "GET" else Activity.PUSH
    with answering(request, activity) as site:
        _authorised(site)
        if request.extension not in FORMATS:
            raise MethodNotAllowed(
                f"/sync/sync.{request.extension} is not answered.", hint="Ask for /sync/sync.xml."
            )
        if checked_method(request, EXCHANGED) == "GET":
            wanted = PullRequest.from_vars(request.get_vars)
            rest = kept_answer(site, request, response) if wanted.keep else None
            if rest is not None:
                return rest
            return answered(
                site,
                request,
                response,
                lambda out: _pull(site, wanted, response, out),
                keep=wanted.keep,
                columns=wanted.columns,
            )
        told = PushRequest.from_vars(request.get_vars)
        most = site.host.settings.get_sync_max_document_size()
        with sent_document(site, request, most, in_parts=True) as source:
            if told.look:
                return json_answer(response, dry_run_json(dry_run.dry_run(site, told, source)))
            reply = push.push(site, told, source)
        return json_answer(response, reply.to_json())


def _pull(site: Site, wanted: PullRequest, response: Any, out: BinaryIO) -> None:
    served = pull.pull(site, wanted, out)
    if served.cursor:
        # So the next page can be asked for while this one is on its way.
        response.headers[CURSOR_HEADER] = served.cursor


def register_request(request: Any, response: Any) -> Any:
    """Answer /sync/repository/register.json: another site registers."""
    with answering(request, Activity.REGISTER) as site:
        told = RegistrationRequest.from_body(_sent_json(site, request, REGISTRATION_SIZE))
        return json_answer(response, registration.register(site, told).to_json())


def join_request(request: Any, response: Any) -> Any:
    """Answer /sync/join.json: a site takes up an invitation, whose key is all that it has."""
    with answering(request) as site:
        checked_method(request, REGISTERED)
        with request_body(site, request, REGISTRATION_SIZE) as source:
            told = JoinRequest.from_body(source.read())
        return json_answer(response, joining.join(site, told).to_json())


def offer_request(request: Any, response: Any) -> Any:
    """Answer /sync/offer.json: what this site is, and what can be pulled from it. Nothing is written."""
    with answering(request) as site:
        _authorised(site)
        checked_method(request, OFFERED)
        if request.extension != "json":
            raise UnsupportedFormat("The offer is told as JSON only.", hint="Ask for /sync/offer.json.")
        return json_answer(response, offer_json(offer.offer(site, asking(request))))


def standing_request(request: Any, response: Any) -> Any:
    """Answer /sync/standing.json: a site tells how its run ended, and is told what of its records is open here."""
    with answering(request, Activity.PULL) as site:
        told = StandingReport.from_body(_sent_json(site, request, STANDING_SIZE))
        found = standing.take(site, asking(request), told)
        return packed_json_answer(site, request, response, standing_reply(found))


def news_request(request: Any, response: Any) -> Any:
    """Answer /sync/news.json: what is new of all resources that another site exchanges."""
    with answering(request, Activity.PULL) as site:
        asked = NewsQuestion.from_body(_sent_json(site, request, NEWS_SIZE))
        found = news.news(site, asking(request), asked)
        return packed_json_answer(site, request, response, found.to_json())


def pushes_request(request: Any, response: Any) -> Any:
    """Answer /sync/pushes.json: another site sends what is new of several resources."""
    with answering(request, Activity.PUSH) as site:
        sent = Pushes.from_body(_sent_json(site, request, PUSHES_SIZE))
        answers = pushes.pushes(site, asking(request), sent)
        return packed_json_answer(site, request, response, pushes_reply(answers))


def listen_request(request: Any, response: Any) -> Any:
    """Answer /sync/listen.json: whether there is something for a site that listens.

    Where there is nothing, a web server that can do so lets it wait, and answers by itself.
    """
    with answering(request) as site:
        _authorised(site)
        checked_method(request, ("POST",))
        heard = heard_in(request.get_vars)
        key, told = listening.listen(site, asking(request), heard)
        if not told.changed:
            if request.env.eden_listens:  # front.limits.LISTENS
                journal, _, position = told.heard.rpartition(".")
                response.headers[LISTENER] = f"{key} {position} {journal}"
            else:
                told = replace(told, again=LISTEN_AGAIN)
        return json_answer(response, told.to_json())


def listeners_request(request: Any, response: Any) -> Any:
    """Answer the web server itself for which sites that listen something has changed."""
    asked = request.env.eden_looks  # front.limits.LOOKS
    if not asked:
        raise HTTP(404, "Not found", **{"Content-Type": "text/plain; charset=utf-8"})
    with answering(request) as site:
        after, _, keys = asked.partition(" ")
        head, changed = listening.changed_for(site, int(after), [int(each) for each in keys.split(",")])
        return json_answer(response, {"head": head, "changed": changed})


def file_request(request: Any, response: Any) -> Any:
    """Answer /sync/file/<stored name>: GET sends a file, PUT stores one that records wait for."""
    with answering(request, Activity.FILE) as site:
        _authorised(site)
        stored = request.args(0) or ""
        if checked_method(request, FILES) == "GET":
            path = files.sent_file(site, asking(request), stored)
            return stored_file(request, response, path.open("rb"), path.stat().st_size)
        most = site.host.settings.get_sync_max_upload_size()
        with request_body(site, request, most, is_file=True, in_parts=True) as source:
            wanted = files.take_file(site, asking(request), stored, source)
        message = "File received" if wanted else "Nobody waits for this file"
        return json_answer(response, {"status": "success", "statuscode": "200", "message": message})


def download_request(request: Any, response: Any) -> Any:
    """Answer /sync/download/<until>/<signature>/<stored name>, which needs no account: an Eden uses none for files."""
    with answering(request) as site:
        checked_method(request, OFFERED)
        until, signature, stored = (request.args(at) or "" for at in range(3))
        path = files.signed_file(site, until, signature, stored)
        return stored_file(request, response, path.open("rb"), path.stat().st_size)


def part_request(request: Any, response: Any) -> Any:
    """Answer /sync/part/<digest>: GET tells how much of a body is here, PUT takes the part that comes next."""
    with answering(request, Activity.PUSH) as site:
        _authorised(site)
        digest = request.args(0) or ""
        if checked_method(request, FILES) == "GET":
            return json_answer(response, part_reply(parts.there(site, asking(request), digest)))
        offset, size = (_number(request, name) for name in ("offset", "size"))
        with request_body(site, request, max(1, size - offset), is_file=True) as source:
            have = parts.take_part(site, asking(request), digest, offset, size, source)
        return json_answer(response, part_reply(have))


# --- what requests have in common ----------------------------------------------------------------------


def _authorised(site: Site) -> None:
    """Allow only accounts that may synchronise.

    Raises:
        NotAuthenticated, NotPermitted: the account may not.
    """
    if not site.host.logged_in():
        raise NotAuthenticated("Authentication Required")
    if not site.host.may_synchronise():
        raise NotPermitted("Insufficient Privileges")


def _sent_json(site: Site, request: Any, most: int) -> bytes:
    """Return the body of a request that sends JSON, from an account that may synchronise.

    Args:
        site: this site.
        request: web2py's.
        most: maximum bytes.

    Raises:
        NotAuthenticated, NotPermitted, MethodNotAllowed: it is not allowed.
        UnsupportedFormat: its address names another format.
        SyncError: it has no such body.
    """
    _authorised(site)
    checked_method(request, REGISTERED)
    if request.extension != "json":
        raise UnsupportedFormat("This is taken as JSON only.", hint="Send it to the same address with .json.")
    with request_body(site, request, most) as source:
        return source.read()


def _number(request: Any, name: str) -> int:
    """Return a variable that is a number of bytes.

    Raises:
        BadRequest: it is none.
    """
    text = request.get_vars.get(name)
    if not (isinstance(text, str) and is_number(text)):
        raise BadRequest(f"{name} is no number of bytes.")
    return int(text)
