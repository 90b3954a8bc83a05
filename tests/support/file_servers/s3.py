"""A server that speaks as much S3 as is asked for, and checks each signature by the rules of AWS (Signature Version 4).

It is ours, because those of the package registry do not check signatures, and bring twenty packages.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from . import FileServer

KEY, SECRET, REGION, BUCKET = "AKIDFIELD", "the secret key", "eu-central-1", "relief"
PAGE = 3


class S3Server(FileServer):
    """A bucket, in memory.

    Attributes:
        objects: key -> content.
        broken_copy: whether a copy fails after the status 200 was sent.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.objects: dict[str, bytes] = {}
        self.broken_copy = False
        self.broken_list: bytes | None = None
        made = self

        class Handler(_Handler):
            server_of = made

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/{BUCKET}/exchange"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """See ``FileServer``."""
        self._server.shutdown()
        self._server.server_close()

    def put(self, name: bytes, content: bytes) -> None:
        """See ``FileServer``."""
        self.objects["exchange/" + name.decode("utf-8")] = content

    def names(self) -> list[str]:
        """See ``FileServer``."""
        return sorted(key.removeprefix("exchange/") for key in self.objects)


class _Handler(BaseHTTPRequestHandler):
    server_of: S3Server
    protocol_version = "HTTP/1.1"
    #: An answer goes out in one piece.
    wbufsize = -1

    def log_message(self, format: str, *given: Any) -> None:
        return

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _error(self, status: int, code: str) -> None:
        self._answer(status, f"<Error><Code>{code}</Code><Message>{code} it is</Message></Error>".encode())

    def _take(self) -> tuple[str, bytes] | None:
        """Return key and body of a request that is signed as it has to be; otherwise answer."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        wrong = _what_is_wrong(self.command, self.path, dict(self.headers.items()), body)
        if wrong:
            self._error(403, wrong)
            return None
        bucket, _, key = unquote(urlsplit(self.path).path).strip("/").partition("/")
        if bucket != BUCKET:
            self._error(404, "NoSuchBucket")
            return None
        return key, body

    def do_GET(self) -> None:
        taken = self._take()
        if taken is None:
            return
        key, _ = taken
        asked = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        if not key:
            self._list(asked)
        elif key not in self.server_of.objects:
            self._error(404, "NoSuchKey")
        elif self.server_of.cut is not None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.server_of.objects[key])))
            self.end_headers()
            self.wfile.write(self.server_of.objects[key][: self.server_of.cut])
            self.close_connection = True
        else:
            self._answer(200, self.server_of.objects[key])

    def _list(self, asked: dict[str, str]) -> None:
        if self.server_of.broken_list is not None:
            return self._answer(200, self.server_of.broken_list)
        prefix, after = asked.get("prefix", ""), asked.get("continuation-token", "")
        found: dict[str, str] = {}
        for key in sorted(each for each in self.server_of.objects if each.startswith(prefix)):
            inner, slash, _ = key[len(prefix) :].partition("/")
            if slash:
                name = f"{prefix}{inner}/"
                found[name] = f"<CommonPrefixes><Prefix>{quote(name)}</Prefix></CommonPrefixes>"
            else:
                content = self.server_of.objects[key]
                mark = "still" if self.server_of.still else hashlib.md5(content).hexdigest()
                found[key] = (
                    f"<Contents><Key>{quote(key)}</Key><Size>{len(content)}</Size>"
                    f"<ETag>{escape(mark)}</ETag></Contents>"
                )
        names = [name for name in found if name > after][: PAGE + 1]
        more = len(names) > PAGE
        body = "".join(found[name] for name in names[:PAGE])
        if more:
            body += f"<NextContinuationToken>{escape(names[PAGE - 1])}</NextContinuationToken>"
        xmlns = "http://s3.amazonaws.com/doc/2006-03-01/"
        body += f"<IsTruncated>{str(more).lower()}</IsTruncated>"
        text = f'<ListBucketResult xmlns="{xmlns}">{body}</ListBucketResult>'
        return self._answer(200, text.encode())

    def do_PUT(self) -> None:
        taken = self._take()
        if taken is None:
            return None
        key, body = taken
        copied = self.headers.get("x-amz-copy-source")
        if self.server_of.full:
            self._error(403, "QuotaExceeded")
        elif copied is not None and self.server_of.broken_copy:
            self._error(200, "InternalError")
        elif copied is not None:
            source = unquote(copied).removeprefix(f"/{BUCKET}/")
            if source not in self.server_of.objects:
                return self._error(404, "NoSuchKey")
            self.server_of.objects[key] = self.server_of.objects[source]
            self._answer(200, b"<CopyObjectResult><ETag>x</ETag></CopyObjectResult>")
        else:
            self.server_of.objects[key] = body
            self._answer(200, ETag=hashlib.md5(body).hexdigest())
        return None

    def do_DELETE(self) -> None:
        taken = self._take()
        if taken is not None:
            self.server_of.objects.pop(taken[0], None)
            self._answer(204)


def _what_is_wrong(method: str, target: str, headers: dict[str, str], body: bytes) -> str:
    """Return the code of the error of a signature, "" for none."""
    given = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    kind, _, rest = given.get("authorization", "").partition(" ")
    parts = dict(each.strip().partition("=")[::2] for each in rest.split(",") if each)
    if kind != "AWS4-HMAC-SHA256" or not {"Credential", "SignedHeaders", "Signature"} <= set(parts):
        return "AccessDenied"
    key, day, region, service, end = parts["Credential"].split("/")
    if key != KEY:
        return "InvalidAccessKeyId"
    signed = parts["SignedHeaders"].split(";")
    if given.get("x-amz-content-sha256") != hashlib.sha256(body).hexdigest() or "host" not in signed:
        return "XAmzContentSHA256Mismatch"
    address = urlsplit(target)
    query = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in parse_qsl(address.query, keep_blank_values=True)
    )
    request = "\n".join(
        [
            method,
            quote(unquote(address.path), safe="/-_.~"),
            "&".join(f"{name}={value}" for name, value in query),
            *(f"{name}:{given.get(name, '')}" for name in signed),
            "",
            ";".join(signed),
            given["x-amz-content-sha256"],
        ]
    )
    scope = f"{day}/{region}/{service}/{end}"
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{given.get('x-amz-date', '')}\n{scope}\n{digest}"
    secret = f"AWS4{SECRET}".encode()
    for part in (day, REGION, "s3", "aws4_request"):
        secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
    expected = hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
    return "" if hmac.compare_digest(expected, parts["Signature"]) else "SignatureDoesNotMatch"
