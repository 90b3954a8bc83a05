"""Bodies of requests and answers: reading within limits, sending as streams."""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Callable

from gluon import HTTP, current

from ..core.errors import BadRequest, DocumentTooLarge, LengthRequired, TruncatedDocument
from ..core.limits import CHUNK, FILE_SIZE, MEGABYTE
from ..host.settings import SyncSettings
from ..passive import files as files
from ..site import Site
from ..ui.refusals import refusal
from ..ui.sent_forms import form_keeper
from ..wire.compression import DamagedPacking, gzip, is_packed
from .front.limits import TAKES

#: Minimum bytes of an answer to compress.
WORTH_PACKING = 1024
REGISTRATION_SIZE = 64 * 1024
#: Bytes of the largest text in a form: the shape of a location.
LARGEST_TEXT = 64 * MEGABYTE
#: Maximum bytes of what a site tells at the end of a run.
STANDING_SIZE = 4 * MEGABYTE
RULED_OUT = re.compile(r";q=0(\.0*)?$")


# --- bodies -------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def request_body(site: Site, request: Any, most: int, *, is_file: bool = False) -> Iterator[BinaryIO]:
    """Open the body of a request, decompressed, at its beginning.

    Args:
        site: this site.
        request: web2py's request.
        most: maximum bytes, compressed as well as decompressed.
        is_file: whether it is the file of a record. Such a file may be an archive itself, so it is decompressed only
            if a header says so; for a document the first bytes decide, whatever the headers.

    Raises:
        DocumentTooLarge: it has more bytes.
        BadRequest: there is no body.
        LengthRequired: it comes in chunks, which the web server does not pass on.
        TruncatedDocument: it is shorter than announced, or the compressed data are damaged.
        HTTP: the web server only asks whether the body will be taken.
    """
    if request.env.eden_asks_before_body:  # front.limits.ASKS
        raise takes(request, most)
    with contextlib.ExitStack() as undo:
        body: BinaryIO
        if "chunked" in (request.env.http_transfer_encoding or "").lower():
            length = 0
            body = undo.enter_context(_spooled(site))
            _copy_chunks(request, body, most)
        else:
            length = _announced(request, most)
            body = request.body
        body.seek(0, os.SEEK_END)
        arrived = body.tell()
        body.seek(0)
        if arrived == 0:
            raise BadRequest("The request has no body.", hint="Send the document with its length.")
        if arrived < length:
            raise TruncatedDocument(f"{length} bytes were announced, {arrived} arrived.")
        start = body.read(2)
        body.seek(0)
        labelled = "gzip" in (request.env.http_content_encoding or "").lower()
        if is_packed(start) and (labelled or not is_file):
            unpacked = undo.enter_context(_spooled(site))
            try:
                files.copy_limited(gzip.unpack(iter(lambda: body.read(CHUNK), b"")), unpacked, most)
            except DamagedPacking as error:
                raise TruncatedDocument(f"The packed body cannot be read: {error}.") from error
            unpacked.seek(0)
            body = unpacked
        yield body


def takes(request: Any, most: int) -> HTTP:
    """Return the answer to a web server that asks before it takes the body of a request (``front.limits.ASKS``).

    Args:
        request: web2py's, without the body.
        most: maximum bytes.

    Raises:
        DocumentTooLarge: more are announced.
    """
    _announced(request, most)
    return HTTP(204, **{TAKES: str(most)})


def takes_form(request: Any, T: Any, settings: SyncSettings | None) -> HTTP:
    """Return the answer to a web server that asks whether a page takes a large form.

    It does so from who is logged in, or was before with the same browser: then what was typed is put aside.

    Args:
        request: web2py's, without the body.
        T: web2py's translator.
        settings: the site's, None where the module sync is not enabled.
    """
    keeper = form_keeper()
    if not (current.auth.s3_logged_in() or (keeper is not None and keeper.was_here(request))):
        return refusal(413, T("Log in before you send so much."))
    most = max(LARGEST_TEXT, settings.get_sync_max_upload_size() if settings else FILE_SIZE) + MEGABYTE
    try:
        return takes(request, most)
    except DocumentTooLarge:
        return refusal(413, T("This is more than the site takes at once."))


def _announced(request: Any, most: int) -> int:
    announced = request.env.content_length
    length = int(announced) if announced and str(announced).isdecimal() else 0
    if length > most:
        raise DocumentTooLarge(f"The body has {length} bytes; this site takes {most}.")
    return length


def _copy_chunks(request: Any, target: BinaryIO, most: int) -> None:
    """Copy a body without an announced length (RFC 9112, 7.1), if the web server decodes it.

    web2py itself reads only bodies with a length, and its server, Rocket, loses all but the first chunk.
    """
    if not request.env.wsgi_input_terminated:
        raise LengthRequired(
            "A body in chunks cannot be read by the web server of this site.",
            hint="Send it with Content-Length instead of Transfer-Encoding: chunked; spool it first if need be.",
        )
    stream = request.env.wsgi_input
    files.copy_limited(iter(lambda: stream.read(CHUNK), b""), target, most)


def stream_answer(site: Site, request: Any, response: Any, write: Callable[[BinaryIO], Any]) -> Any:
    """Write a document to a file and send it, compressed if the asking site accepts that."""
    with contextlib.ExitStack() as undo:
        out = undo.enter_context(_spooled(site))
        write(out)
        size = out.tell()
        response.headers["Content-Type"] = "text/xml; charset=utf-8"
        if size >= WORTH_PACKING and site.host.settings.get_sync_compression() and _takes_gzip(request):
            packed = undo.enter_context(_spooled(site))
            out.seek(0)
            gzip.pack(out, packed)
            out.close()
            out, size = packed, packed.tell()
            response.headers["Content-Encoding"] = "gzip"
        response.headers["Vary"] = "Accept-Encoding"
        out.seek(0)
        undo.pop_all()
        return send_file(request, response, out, size)


def _spooled(site: Site) -> Any:
    # The file has no name in the folder: it is removed when it is closed, however the request ends.
    return tempfile.TemporaryFile(dir=site.spool)


def send_file(request: Any, response: Any, stream: BinaryIO, size: int) -> Any:
    response.headers["Content-Length"] = str(size)
    return response.stream(stream, chunk_size=CHUNK, request=request)


def _takes_gzip(request: Any) -> bool:
    """Return whether the asking site accepts gzip, and does not exclude it (``gzip;q=0``)."""
    accepted = (request.env.http_accept_encoding or "").lower().replace(" ", "")
    return any("gzip" in each and not RULED_OUT.search(each) for each in accepted.split(","))


def json_answer(response: Any, body: Mapping[str, Any]) -> str:
    response.headers["Content-Type"] = "application/json; charset=utf-8"
    return json.dumps(body)
