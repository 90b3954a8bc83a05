"""A folder in a bucket of a server that speaks S3: its address has the server, the bucket and a beginning of names.

There are no folders: a name may have slashes, and what is written is there as a whole or not at all. requests-aws4auth
is needed to sign requests, and installed only where it is: see ``is_installed``.
"""

from __future__ import annotations

import contextlib
import importlib.util
import mmap
from collections.abc import Iterator, Mapping
from typing import IO, Any, BinaryIO, cast
from urllib.parse import quote, urlencode

from ...core.errors import ConfigurationError, ProtocolError, SyncError
from ...wire.places.object_store import object_list, store_error
from ..answer import Response
from ..client import Transport
from ..storage import Entries, Entry
from .failures import no_folder, no_room, not_allowed, told_by, wrong_login
from .names import inside
from .spool import Measured, Spool
from .web import WebPlace

USUAL_REGION = "us-east-1"
#: Pages of a list, of up to 1000 objects each.
MOST_PAGES = 100
NOT_THERE = 404
_LOGIN = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "AuthorizationHeaderMalformed", "InvalidToken")
_FULL = ("QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "EntityTooLarge")


def is_installed() -> bool:
    """Return whether this machine can sign requests."""
    return importlib.util.find_spec("requests_aws4auth") is not None


class S3Folder(WebPlace):
    """A folder in a bucket.

    Args:
        line: the line to the address of the folder.
        key, secret: the access key.
        region: region of the server.
        spool: for files on their way.
    """

    def __init__(self, line: Transport, key: str, secret: str, region: str, spool: Spool) -> None:
        super().__init__(line, spool)
        if not is_installed():
            raise ConfigurationError(
                "This site cannot speak S3: a package is missing.",
                hint="The operator of this machine installs requirements-s3.txt, see docs/OPERATIONS.md.",
            )
        from requests_aws4auth import AWS4Auth

        line.authenticate(AWS4Auth(key, secret, region or USUAL_REGION, "s3"))
        bucket, _, prefix = line.url.removeprefix(_root_of(line)).strip("/").partition("/")
        if not bucket:
            raise ConfigurationError(
                f"{line.url} names no bucket.",
                hint="Write the address of the server, a slash, the name of the bucket, and a folder in it.",
            )
        self._bucket_url = f"{_root_of(line)}/{bucket}"
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""

    def list(self, folder: str) -> Entries:
        """See port ``Storage``."""
        prefix = self._key(inside(folder)) + ("/" if folder else "")
        found: Entries = []
        following = ""
        for _ in range(MOST_PAGES):
            following = self._page(prefix, following, found)
            if not following:
                return sorted(found)
        raise ProtocolError(
            f"The list of {self._where(folder)} has no end.",
            hint="Move files away that nobody needs any more.",
            remote=True,
        )

    def _page(self, prefix: str, after: str, found: Entries) -> str:
        asked = {"list-type": "2", "delimiter": "/", "encoding-type": "url", "prefix": prefix}
        if after:
            asked["continuation-token"] = after
        with self._asked(
            "GET", f"{self._bucket_url}?{urlencode(sorted(asked.items()), quote_via=quote)}"
        ) as answer:
            if answer.status != 200:
                raise self._wrong(answer, self._where(""))
            text = self._text(answer)
        try:
            page = object_list(text)
        except ValueError as error:
            raise ProtocolError(
                f"{self._where('')} answered with no list of objects: {error}",
                hint="Check the address: that of the server, a slash, and the name of the bucket.",
                remote=True,
            ) from error
        found += [
            Entry(each.key[len(prefix) :], each.size, False, each.mark)
            for each in page.objects
            if each.key.startswith(prefix) and not each.key.endswith("/")
        ]
        found += [Entry(each[len(prefix) :].rstrip("/"), 0, True) for each in page.folders]
        return page.following

    def read(self, name: str) -> BinaryIO | None:
        """See port ``Storage``."""
        where = self._where(inside(name))
        with self._asked("GET", self._object(name)) as answer:
            if answer.status == 200:
                return self._spool.received(where, answer.raw())
            if answer.status == NOT_THERE:
                error = self._wrong(answer, where)
                if isinstance(error, ConfigurationError):
                    raise error
                return None
            raise self._wrong(answer, where)

    def write(self, name: str, source: BinaryIO) -> int:
        """See port ``Storage``: the signature has the digest, so the server takes all of it or nothing."""
        where = self._where(inside(name))
        with self._spool.measured(source) as found, _mapped(found) as body:
            with self._asked("PUT", self._object(name), data=body) as answer:
                if answer.status not in (200, 201, 204):
                    raise self._wrong(answer, where)
                if not answer.response.headers.get("ETag"):
                    raise ProtocolError(f"{where} does not answer as a server that speaks S3.", remote=True)
            return found.size

    def rename(self, name: str, to: str) -> None:
        """See port ``Storage``: there is a copy first, then the other one goes."""
        where = self._where(inside(to))
        source = quote(f"/{self._bucket}/{self._key(inside(name))}", safe="/~")
        with self._asked("PUT", self._object(to), headers={"x-amz-copy-source": source}) as answer:
            # It may find out what is wrong when it has said already that all is well.
            if answer.status != 200:
                raise self._wrong(answer, where)
            text = self._text(answer)
            if b"CopyObjectResult" not in text:
                raise self._told(500, where, text, answer)
        self.remove(name)

    def remove(self, name: str) -> None:
        """See port ``Storage``."""
        with self._asked("DELETE", self._object(inside(name))) as answer:
            if answer.status not in (200, 204, NOT_THERE):
                raise self._wrong(answer, self._where(name))

    def make_folder(self, name: str) -> None:
        """See port ``Storage``: there is nothing to make."""
        inside(name)

    # --- requests ------------------------------------------------------------------------------------------

    def _key(self, name: str) -> str:
        return f"{self._prefix}{name}" if name else self._prefix

    def _object(self, name: str) -> str:
        return f"{self._bucket_url}/{quote(self._key(name), safe='/~', errors='surrogateescape')}"

    @contextlib.contextmanager
    def _asked(
        self,
        method: str,
        url: str,
        data: bytes | IO[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[Response]:
        with self._line.ask(
            method, url, data=data, headers={"Accept-Encoding": "identity", **(headers or {})}
        ) as found:
            yield found

    def _told(self, status: int, where: str, text: bytes, answer: Response) -> SyncError:
        code, message = store_error(text)
        said = f"{code}: {message}" if code else ""
        if code in ("RequestTimeTooSkewed", "RequestExpired"):
            return ConfigurationError(
                f"{where} refuses requests at the time of this computer: {told_by(said)}",
                hint="Let this computer set its clock by the network (NTP).",
                remote=True,
            )
        if code in ("PermanentRedirect", "TemporaryRedirect", "IllegalLocationConstraintException") or (
            code == "AuthorizationHeaderMalformed" and "region" in message.lower()
        ):
            return ConfigurationError(
                f"{where} is in another region: {told_by(said)}",
                hint="Enter the region of the bucket, and the address of the server in that region.",
                remote=True,
            )
        if code == "NoSuchBucket":
            return no_folder(f"{where} ({said})")
        if code in _LOGIN:
            return wrong_login(where, said)
        if code in _FULL:
            return no_room(where, said)
        if code == "AccessDenied":
            return not_allowed(where, said)
        return super()._told(status, where, text, answer)


def _root_of(line: Transport) -> str:
    scheme, _, rest = line.url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


@contextlib.contextmanager
def _mapped(found: Measured) -> Iterator[Any]:
    """Yield a file as bytes that are not in memory: whoever signs needs all of them at once."""
    if not found.size:
        yield b""
        return
    with mmap.mmap(found.file.fileno(), found.size, access=mmap.ACCESS_READ) as pages:
        view = memoryview(pages)
        try:
            yield cast(Any, view)
        finally:
            view.release()
