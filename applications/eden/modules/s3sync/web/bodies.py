"""Bodies of requests and answers: reading within limits, sending as streams."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Callable

from gluon import HTTP, current

from ..core.errors import (
    BadRequest,
    DocumentTooLarge,
    LengthRequired,
    TruncatedDocument,
    UnsupportedFormat,
)
from ..core.limits import CHUNK, FILE_SIZE, MEGABYTE, WORTH_RESUMING
from ..host.settings import SyncSettings
from ..passive import files as files
from ..passive import parts as parts
from ..site import Site
from ..ui.refusals import refusal
from ..ui.sent_forms import form_keeper
from ..wire import dictionary as dictionary
from ..wire.columns import WORTH_FOLDING, DamagedColumns, fold, unfold
from ..wire.compression import DamagedPacking, gzip, is_packed, thorough
from ..wire.part_store import digest_of
from ..wire.protocol.names import DICTIONARIES, PeerCapability
from .front.limits import TAKES

#: Minimum bytes of an answer to compress.
WORTH_PACKING = 1024
#: The coding of small answers, and the bytes from which on one may be worth the header that names it.
DICTIONARY, LEAST_FOR_DICTIONARY = PeerCapability.DICTIONARY.value, 64
REGISTRATION_SIZE = 64 * 1024
#: Bytes of the largest text in a form: the shape of a location.
LARGEST_TEXT = 64 * MEGABYTE
#: Maximum bytes of what a site tells at the end of a run.
STANDING_SIZE = 4 * MEGABYTE
#: Maximum bytes of a question for news.
NEWS_SIZE = MEGABYTE
#: Maximum bytes of the pages of several resources.
PUSHES_SIZE = 8 * MEGABYTE
#: A range from a byte on, and the tag of what it belongs to.
REST, TAG = re.compile(r"bytes=([0-9]{1,15})-"), re.compile(r'"([0-9a-f]{64})"')
RULED_OUT = re.compile(r";q=0(\.0*)?$")


# --- bodies -------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def request_body(
    site: Site, request: Any, most: int, *, is_file: bool = False, in_parts: bool = False
) -> Iterator[BinaryIO]:
    """Open the body of a request, decompressed, at its beginning.

    Args:
        site: this site.
        request: web2py's request.
        most: maximum bytes, compressed as well as decompressed.
        is_file: whether it is the file of a record. Such a file may be an archive itself, so it is decompressed only
            if a header says so; for a document the first bytes decide, whatever the headers.
        in_parts: whether the request may name a body that came in parts before (``body``).

    Raises:
        DocumentTooLarge: it has more bytes.
        BadRequest: there is no body.
        LengthRequired: it comes in chunks, which the web server does not pass on.
        TruncatedDocument: it is shorter than announced, or the compressed data are damaged.
        UnsupportedFormat: it is packed with a dictionary that is not here.
        HTTP: the web server only asks whether the body will be taken.
    """
    if request.env.eden_asks_before_body:  # front.limits.ASKS
        raise takes(request, most)
    with contextlib.ExitStack() as undo:
        body: BinaryIO
        sent_before = request.get_vars.body if in_parts else None
        if sent_before is not None:
            length = 0
            body = undo.enter_context(parts.opened(site, asking(request), str(sent_before)))
        elif "chunked" in (request.env.http_transfer_encoding or "").lower():
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
        if arrived > most:
            raise DocumentTooLarge(f"The body has {arrived} bytes; this site takes {most}.")
        if arrived < length:
            raise TruncatedDocument(f"{length} bytes were announced, {arrived} arrived.")
        plain = _unpacked(request, body, is_file)
        if plain is not None:
            unpacked = undo.enter_context(_spooled(site))
            try:
                files.copy_limited(plain, unpacked, most)
            except (DamagedPacking, DamagedColumns) as error:
                raise TruncatedDocument(f"The packed body cannot be read: {error}.") from error
            unpacked.seek(0)
            body = unpacked
        yield body
        if sent_before is not None:
            parts.used(site, asking(request), str(sent_before))


def _unpacked(request: Any, body: BinaryIO, is_file: bool) -> Iterator[bytes] | None:
    """Return what a body holds, in steps, None if it is not packed; arguments as for ``request_body``.

    Raises:
        UnsupportedFormat: it is packed with a dictionary that is not here.
    """
    start = body.read(2)
    body.seek(0)
    coding = (request.env.http_content_encoding or "").strip().lower()
    chunks = iter(lambda: body.read(CHUNK), b"")
    if coding == DICTIONARY:
        return dictionary.unpack(chunks)
    if coding.startswith(DICTIONARIES):
        raise UnsupportedFormat("The body is packed with a dictionary that is not here.", hint="Use gzip.")
    if is_packed(start) and ("gzip" in coding or not is_file):
        plain = gzip.unpack(chunks)
        return plain if is_file else unfold(plain)
    return None


def asking(request: Any) -> str | None:
    """Return the uuid that the asking site sends, None if it sends none or several."""
    uuid = request.get_vars.get("repository")
    return uuid if isinstance(uuid, str) else None


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


def stream_answer(
    site: Site,
    request: Any,
    response: Any,
    write: Callable[[BinaryIO], Any],
    kind: str = "text/xml",
    *,
    keep: bool = False,
    columns: bool = False,
) -> Any:
    """Write a document to a file and send it, compressed if the asking site accepts that.

    Args:
        site: this site.
        request, response: web2py's.
        write: writes the document.
        kind: its media type.
        keep: whether it is kept for a while, so that the asking site goes on where it breaks off.
        columns: whether it is packed column by column: the asking site has a bad line.
    """
    with contextlib.ExitStack() as undo:
        out = undo.enter_context(_spooled(site))
        write(out)
        size = out.tell()
        response.headers["Content-Type"] = f"{kind}; charset=utf-8"
        folds = columns and size >= WORTH_FOLDING
        coding = _coding(site, request, size, folds)
        if coding:
            packed = undo.enter_context(_spooled(site))
            out.seek(0)
            coding = _pack(out, packed, coding, folds)
        if coding:
            out, size = packed, packed.tell()
            response.headers["Content-Encoding"] = coding
        response.headers["Vary"] = "Accept-Encoding"
        if keep and size >= WORTH_RESUMING:
            digest = parts.keep(site, asking(request), question(request), out, size)
            if digest is not None:
                response.headers["ETag"] = f'"{digest}"'
        out.seek(0)
        undo.pop_all()
        return send_file(request, response, out, size)


def _coding(site: Site, request: Any, size: int, folds: bool) -> str:
    """Return how an answer may be packed, as the asking site takes it; "" for not at all.

    Args:
        site, request: as for ``stream_answer``.
        size: its bytes.
        folds: whether it goes column by column, which is better than the dictionary where there are many records.
    """
    if not site.host.settings.get_sync_compression():
        return ""
    if not folds and LEAST_FOR_DICTIONARY <= size <= dictionary.MOST and _takes(request, DICTIONARY):
        return DICTIONARY
    return "gzip" if size >= WORTH_PACKING and _takes(request, "gzip") else ""


def _pack(out: BinaryIO, packed: BinaryIO, coding: str, folds: bool) -> str:
    """Write an answer packed; return how, "" if it is not: it would have as many bytes.

    Args:
        out: the answer.
        packed: where it is written.
        coding: from ``_coding``.
        folds: as for that.
    """
    if coding == DICTIONARY:
        small = dictionary.pack(out.read())
        packed.write(small or b"")
        return coding if small else ""
    if folds:
        thorough.pack_chunks(fold(iter(lambda: out.read(CHUNK), b"")), packed)
    else:
        gzip.pack(out, packed)
    return coding


def _spooled(site: Site) -> Any:
    # The file has no name in the folder: it is removed when it is closed, however the request ends.
    return tempfile.TemporaryFile(dir=site.spool)


def kept_answer(site: Site, request: Any, response: Any) -> Any:
    """Send the rest of an answer that broke off on its way to the asking site, as far as it is kept.

    Returns:
        the body; None if nothing is kept, or another thing is asked for.
    """
    tag, offset = wanted_rest(request)
    kept = parts.kept(site, asking(request), question(request), tag) if tag else None
    if kept is None:
        return None
    size = kept.seek(0, os.SEEK_END)
    kept.seek(0)
    if offset >= size:
        kept.close()
        return None
    response.headers["Content-Type"] = "text/xml; charset=utf-8"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["ETag"] = f'"{tag}"'
    if is_packed(kept.read(2)):
        response.headers["Content-Encoding"] = "gzip"
    return send_file(request, response, kept, size, offset)


def stored_file(request: Any, response: Any, stream: BinaryIO, size: int) -> Any:
    """Send a file, or the rest of it to who has its beginning.

    Its digest goes with each, so that nobody takes the page of a network in between for it.
    """
    response.headers["Content-Type"] = "application/octet-stream"
    digest = digest_of(stream)
    response.headers["ETag"] = f'"{digest}"'
    tag, wanted = wanted_rest(request)
    offset = wanted if tag == digest and wanted < size else 0
    return send_file(request, response, stream, size, offset)


def wanted_rest(request: Any) -> tuple[str, int]:
    """Return of what a request wants the rest, by its SHA-256, and from where on; "" and 0 if it wants all of it."""
    begins = REST.fullmatch(request.env.http_range or "")
    tag = TAG.fullmatch(request.env.http_if_range or "")
    return (tag[1], int(begins[1])) if begins is not None and tag is not None else ("", 0)


def question(request: Any) -> str:
    """Return hexadecimal digits that stand for a question: the same one has the same digits."""
    return hashlib.sha256((request.env.query_string or "").encode("utf-8", "replace")).hexdigest()[:32]


def send_file(request: Any, response: Any, stream: BinaryIO, size: int, offset: int = 0) -> Any:
    stream.seek(offset)
    if offset:
        response.status = 206
        response.headers["Content-Range"] = f"bytes {offset}-{size - 1}/{size}"
    response.headers["Content-Length"] = str(size - offset)
    return response.stream(stream, chunk_size=CHUNK, request=request)


def _takes(request: Any, coding: str) -> bool:
    """Return whether the asking site accepts a coding, and does not exclude it (``gzip;q=0``)."""
    accepted = (request.env.http_accept_encoding or "").lower().replace(" ", "")
    return any(coding in each and not RULED_OUT.search(each) for each in accepted.split(","))


def json_answer(response: Any, body: Mapping[str, Any]) -> str:
    response.headers["Content-Type"] = "application/json; charset=utf-8"
    return json.dumps(body)


def packed_json_answer(site: Site, request: Any, response: Any, body: Mapping[str, Any]) -> Any:
    """Send JSON that may hold documents, compressed as they are."""

    def write(out: BinaryIO) -> None:
        out.write(json.dumps(body, separators=(",", ":")).encode("utf-8"))

    return stream_answer(site, request, response, write, "application/json")
