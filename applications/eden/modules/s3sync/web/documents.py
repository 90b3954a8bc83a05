"""Documents of requests and answers in the format that the address names: S3XML, or what is made of it."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from typing import Any, BinaryIO, Callable

from ..site import Site
from ..transport.stylesheets import Stylesheets, parameters
from ..wire import s3json as s3json
from .bodies import request_body, stream_answer

S3XML, S3JSON = "xml", "s3json"
FORMATS = (S3XML, S3JSON)


def answered(
    site: Site,
    request: Any,
    response: Any,
    write: Callable[[BinaryIO], Any],
    *,
    keep: bool = False,
    columns: bool = False,
) -> Any:
    """Send a document in the format that was asked for.

    Args:
        site: this site.
        request, response: web2py's.
        write: writes it as S3XML.
        keep, columns: as for ``stream_answer``; JSON is not kept.
    """
    if request.extension == S3XML:
        return stream_answer(site, request, response, write, keep=keep, columns=columns)
    if request.extension != S3JSON:
        return _in_own_format(site, request, response, write)

    def write_json(out: BinaryIO) -> None:
        with tempfile.TemporaryFile(dir=site.spool) as document:
            write(document)
            document.seek(0)
            s3json.to_json(document, out, site.spool)

    return stream_answer(site, request, response, write_json, "application/json")


def has_format(site: Site, name: str) -> bool:
    """Return whether documents can have a format: S3XML, S3JSON, or one of the operator."""
    return name in FORMATS or Stylesheets.beside(site.spool).find(name) is not None


def _parameters(site: Site, request: Any) -> dict[str, str]:
    table = f"{request.controller}_{request.function}"
    return parameters(table, site.own_domain or "", site.base_url, site.clock.now())


def _in_own_format(site: Site, request: Any, response: Any, write: Callable[[BinaryIO], Any]) -> Any:
    """Send a document in a format of the operator, as a file: a browser must not take it for a page of this site."""
    with contextlib.ExitStack() as undo:
        document = undo.enter_context(tempfile.TemporaryFile(dir=site.spool))
        written = undo.enter_context(tempfile.TemporaryFile(dir=site.spool))
        write(document)
        document.seek(0)
        own, name = Stylesheets.beside(site.spool), request.extension
        own.from_s3xml(name, document, written, _parameters(site, request))
        written.seek(0)
        kind = "application/xml" if written.read(64).lstrip()[:1] == b"<" else "text/plain"
        written.seek(0)
        response.headers["Content-Disposition"] = f'attachment; filename="{request.function}.{name}"'
        response.headers["X-Content-Type-Options"] = "nosniff"
        return stream_answer(site, request, response, lambda out: shutil.copyfileobj(written, out), kind)


@contextlib.contextmanager
def sent_document(site: Site, request: Any, most: int, *, in_parts: bool = False) -> Iterator[BinaryIO]:
    """Open the document of a request as S3XML.

    Args:
        site: this site.
        request: web2py's.
        most: maximum bytes.
        in_parts: as for ``request_body``.

    Raises:
        DocumentError: it is none in that format.
    """
    with request_body(site, request, most, in_parts=in_parts) as source:
        if request.extension == S3XML:
            yield source
            return
        with tempfile.TemporaryFile(dir=site.spool) as document:
            if request.extension == S3JSON:
                s3json.to_xml(source, document)
            else:
                own = Stylesheets.beside(site.spool)
                own.to_s3xml(request.extension, source, document, _parameters(site, request))
            document.seek(0)
            yield document
