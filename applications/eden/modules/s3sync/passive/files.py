"""Accepts files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from ..core.atomic_write import beside
from ..core.errors import DocumentTooLarge, StoreFull
from ..core.limits import CHUNK
from ..site import Site
from ..site.scoping import scopes as scopes
from ..site.uploaded import upload_path
from .contact import known, registered

_TOO_LARGE_FILE = "Raise [sync] max_upload_mb at the receiving site, or make the file smaller."


def sent_file(site: Site, repository_uuid: str | None, stored: str) -> Path:
    """Return the path of a file that is sent to another site.

    Args:
        site: this site.
        repository_uuid: uuid of the asking site, None if it does not say.
        stored: name under which it is stored.

    Raises:
        ForeignAccount: the asking site was registered by another account.
        NotInScope: the account has a scope, and asks for nobody that it registered.
        NoSuchRecord, BadRequest: no record that the asking site may read has such a file.
    """
    repository = known(site, repository_uuid)
    scope = scopes.of_asking(site, repository)
    return upload_path(
        site,
        stored,
        None if scope is None else scopes.exchanges(scope, stored.partition(".")[0]),
        along=scope is None,
    )


def signed_file(site: Site, until: str, signature: str, stored: str) -> Path:
    """Return the path of a file that this site has named in a document for an Eden.

    Args:
        site: this site.
        until, signature: of the address, see ``wire.protocol.file_address``.
        stored: name under which it is stored.

    Raises:
        NotPermitted: this site did not give the address, or too long ago.
        NoSuchRecord, BadRequest: no record has such a file now.
    """
    site.files.addresses.check(until, signature, stored)
    return upload_path(site, stored)


def take_file(site: Site, repository_uuid: str | None, stored: str, source: BinaryIO) -> bool:
    """Store a file that records of a repository wait for; any other file is not stored.

    Args:
        site: this site.
        repository_uuid: uuid of the sending site.
        stored: name under which it is stored.
        source: its content.

    Returns:
        whether it was needed.

    Raises:
        NotRegistered, ForeignAccount: the sending site is not registered here, or by another account.
        DocumentTooLarge: it is larger than this site accepts.
    """
    repository = registered(site, repository_uuid)
    # Pending files have no target table.
    waiting = [
        each
        for each in site.pending_references.deferred_for({"": [stored]})
        if each.repository_id == repository.id
    ]
    if not waiting:
        return False
    target = site.files.path(waiting[0].table, waiting[0].field, stored)
    if not target.is_file():
        _store(source, target, site.host.settings.get_sync_max_upload_size())
    with site.store.transaction():
        site.pending_references.settle(waiting)
    return True


def _store(source: BinaryIO, target: Path, most: int) -> None:
    """Write a file, completely or not at all."""
    temporary = beside(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as out:
            copy_limited(iter(lambda: source.read(CHUNK), b""), out, most, _TOO_LARGE_FILE)
        os.replace(temporary, target)
    except OSError as error:
        raise StoreFull(f"The file cannot be stored: {error.strerror}: {error.filename}") from error
    finally:
        temporary.unlink(missing_ok=True)


def copy_limited(chunks: Iterable[bytes], target: BinaryIO, most: int, hint: str | None = None) -> int:
    """Copy a stream; return the number of its bytes.

    Args:
        chunks: the parts of the stream.
        target: where to write them.
        most: maximum number of bytes.
        hint: the remedy if it has more, None for that of a document.

    Raises:
        DocumentTooLarge: it has more than ``most`` bytes.
    """
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise DocumentTooLarge(
                f"The body is larger than the {most} bytes that this site takes.", hint=hint
            )
        target.write(chunk)
    return size
