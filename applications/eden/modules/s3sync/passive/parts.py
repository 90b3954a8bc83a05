"""Bodies that come part by part, and answers that go on where they broke off. Both are bound to one repository."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator
from typing import BinaryIO

from ..core.errors import BadRequest, DocumentTooLarge, StoreFull, TruncatedDocument
from ..core.limits import CHUNK
from ..site import Repository, Site
from ..site.scoping import scopes as scopes
from ..wire.part_store import digest_of
from .contact import known, registered

_DIGEST = re.compile(r"[0-9a-f]{64}")
logger = logging.getLogger("eden.sync")


def _checked(digest: str) -> str:
    if not _DIGEST.fullmatch(digest):
        raise BadRequest("A body is named by its SHA-256 in 64 hexadecimal digits.")
    return digest


# --- bodies ------------------------------------------------------------------------------------------------


def there(site: Site, repository_uuid: str | None, digest: str) -> int:
    """Return how many bytes of a body are here.

    Args:
        site: this site.
        repository_uuid: uuid of the sending site.
        digest: SHA-256 of the whole body.

    Raises:
        NotRegistered, ForeignAccount: the sending site is not registered here, or by another account.
        BadRequest: it is no digest.
    """
    return site.parts.received.size(registered(site, repository_uuid).id, _checked(digest))


def take_part(
    site: Site, repository_uuid: str | None, digest: str, offset: int, size: int, source: BinaryIO
) -> int:
    """Take a part of a body; return how many bytes are here then.

    Args:
        site, repository_uuid, digest: as in ``there``.
        offset: where the part begins. It is left out if what is here ends elsewhere.
        size: bytes of the whole body.
        source: the part.

    Raises:
        NotRegistered, ForeignAccount, BadRequest: as by ``there``.
        DocumentTooLarge: the body is larger than what is kept in parts.
        StoreFull: it cannot be written.
    """
    owner = registered(site, repository_uuid).id
    store = site.parts.received
    try:
        if not store.make_room(owner, _checked(digest), size):
            raise DocumentTooLarge(f"A body of {size} bytes is not taken in parts.")
        return store.append(owner, digest, offset, _at_most(source, size - offset))
    except OSError as error:
        raise StoreFull(f"A part cannot be stored: {error.strerror}: {error.filename}") from error


def _at_most(source: BinaryIO, left: int) -> Iterator[bytes]:
    while left > 0:
        chunk = source.read(min(CHUNK, left))
        if not chunk:
            return
        left -= len(chunk)
        yield chunk


def opened(site: Site, repository_uuid: str | None, digest: str) -> BinaryIO:
    """Return a body that came part by part, at its beginning.

    Raises:
        NotRegistered, ForeignAccount, BadRequest: as by ``there``.
        TruncatedDocument: it is not here, or not whole.
    """
    path = site.parts.received.path(registered(site, repository_uuid).id, _checked(digest))
    try:
        source = path.open("rb")
    except FileNotFoundError:
        raise TruncatedDocument("Of this body nothing is here.") from None
    if digest_of(source) != digest:
        source.close()
        raise TruncatedDocument("This body is not here as a whole.")
    source.seek(0)
    return source


def used(site: Site, repository_uuid: str | None, digest: str) -> None:
    """Let go of a body that was taken: soon, since the answer may have been lost."""
    site.parts.received.used(registered(site, repository_uuid).id, _checked(digest))


# --- answers -----------------------------------------------------------------------------------------------


def keep(site: Site, repository_uuid: str | None, question: str, source: BinaryIO, size: int) -> str | None:
    """Keep an answer for a while; return its SHA-256, or None if it is not kept.

    Args:
        site: this site.
        repository_uuid: uuid of the asking site; for an unknown one nothing is kept.
        question: hexadecimal digits that stand for the request.
        source: the answer, as it goes on the line.
        size: its bytes.
    """
    repository = known(site, repository_uuid)
    if repository is None:
        return None
    store, question = site.parts.answered, _by_scope(repository, question)
    digest = digest_of(source)
    try:
        if not store.make_room(repository.id, f"{question}-{digest}", size):
            return None
        source.seek(0)
        there = store.append(repository.id, f"{question}-{digest}", 0, iter(lambda: source.read(CHUNK), b""))
    except OSError as error:
        logger.warning("An answer is not kept: %s", error)
        return None
    return digest if there == size else None


def kept(site: Site, repository_uuid: str | None, question: str, digest: str) -> BinaryIO | None:
    """Return an answer that is kept for a site, None if there is none.

    Args:
        site, repository_uuid, question: as in ``keep``.
        digest: its SHA-256.

    Raises:
        ForeignAccount: the asking site was registered by another account.
    """
    repository = known(site, repository_uuid)
    if repository is None or not _DIGEST.fullmatch(digest):
        return None
    store, name = site.parts.answered, f"{_by_scope(repository, question)}-{digest}"
    if not store.size(repository.id, name):
        return None
    try:
        return store.path(repository.id, name).open("rb")
    except FileNotFoundError:
        return None


def _by_scope(repository: Repository, question: str) -> str:
    """Return digits for a question by a site with this scope: with another one it gets another answer."""
    scope = scopes.of_repository(repository)
    if scope is None:
        return question
    return hashlib.sha256(f"{question} {scope.digest}".encode()).hexdigest()[:32]
