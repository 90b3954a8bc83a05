"""Documents of requests and answers in the format that the address names: S3XML, or S3JSON made of it."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from typing import Any, BinaryIO, Callable

from ..site import Site
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
    if request.extension != S3JSON:
        return stream_answer(site, request, response, write, keep=keep, columns=columns)

    def write_json(out: BinaryIO) -> None:
        with tempfile.TemporaryFile(dir=site.spool) as document:
            write(document)
            document.seek(0)
            s3json.to_json(document, out, site.spool)

    return stream_answer(site, request, response, write_json, "application/json")


@contextlib.contextmanager
def sent_document(site: Site, request: Any, most: int, *, in_parts: bool = False) -> Iterator[BinaryIO]:
    """Open the document of a request as S3XML.

    Args:
        site: this site.
        request: web2py's.
        most: maximum bytes.
        in_parts: as for ``request_body``.

    Raises:
        DocumentError: it is no S3JSON.
    """
    with request_body(site, request, most, in_parts=in_parts) as source:
        if request.extension != S3JSON:
            yield source
            return
        with tempfile.TemporaryFile(dir=site.spool) as document:
            s3json.to_xml(source, document)
            document.seek(0)
            yield document
