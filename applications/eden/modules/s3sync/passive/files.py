"""Files are taken."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from ..core.errors import DocumentTooLarge, NotRegistered, StoreFull
from ..core.limits import CHUNK
from ..site import Site

# --- files -----------------------------------------------------------------------------------------------


def take_file(site: Site, repository_uuid: str | None, stored: str, source: BinaryIO) -> bool:
    """Take a file that records of a repository wait for; one that nobody waits for is not stored.

    Args:
        site: this site.
        repository_uuid: who sends it.
        stored: name under which it is stored.
        source: its content.

    Returns:
        whether it was wanted.

    Raises:
        NotRegistered: we do not know who sends this.
        DocumentTooLarge: it is larger than this site takes.
    """
    repository = site.repository_of(repository_uuid)
    if repository is None:
        raise NotRegistered("Registration required")
    # Files are waited for without a table to refer to.
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
    """Write a file, whole or not at all."""
    temporary = target.with_name(f".{uuid4().hex}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as out:
            size = 0
            for chunk in iter(lambda: source.read(CHUNK), b""):
                size += len(chunk)
                if size > most:
                    raise DocumentTooLarge(
                        f"The file is larger than the {most} bytes that this site takes.",
                        hint="Raise [sync] max_upload_mb at the receiving site, or make the file smaller.",
                    )
                out.write(chunk)
        os.replace(temporary, target)
    except OSError as error:
        raise StoreFull(f"The file cannot be stored: {error.strerror}: {error.filename}") from error
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def copy_limited(chunks: Iterable[bytes], target: BinaryIO, most: int) -> int:
    """Write the parts of a stream; return its bytes.

    Args:
        chunks: the parts.
        target: where they are written.
        most: bytes.

    Raises:
        DocumentTooLarge: it has more than ``most`` bytes.
    """
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise DocumentTooLarge(f"The document is larger than the {most} bytes that this site takes.")
        target.write(chunk)
    return size
