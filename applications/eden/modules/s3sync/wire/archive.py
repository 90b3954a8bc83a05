"""The archive of a data set: a zip file with a document for each task, named as its uuid.

So Sahana Eden lays it out, and so it reads ours. What only sites of ours know lies beside: a manifest that says from
which journal and up to which position the documents are, with their digests, and the deletions up to there.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from ..core.cursor import is_position
from ..core.errors import ProtocolError
from ..core.limits import CHUNK, MEGABYTE
from ..core.text import shown
from .protocol.replies import as_count, as_text, as_texts, as_time, is_text
from .protocol.times import format_msince

MANIFEST = "eden-sync.json"
#: Entries of an archive, characters of a name, bytes of its list of entries and of a manifest.
MOST_ENTRIES, LONGEST_ENTRY, LARGEST_LIST, LARGEST_MANIFEST = 5_000, 300, 8 * MEGABYTE, 4 * MEGABYTE
_ENCRYPTED = 0x1
#: What reading a damaged or hostile zip file raises.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    struct.error,
    OSError,
)


def entry_of(uuid: str) -> str:
    """Return the name of the document of a task."""
    return f"{uuid}.xml"


def deletions_of(uuid: str) -> str:
    """Return the name of the document with the deletions of a task, which an Eden does not look for."""
    return f"{uuid}.deleted.xml"


@dataclass(frozen=True)
class ArchivedDocument:
    """What the manifest says of a document.

    Attributes:
        resource: name of its table.
        components: whether it has what belongs to the records.
        conditions: the conditions on its records, sorted.
        sha256: digest of the document, in hexadecimal digits.
        deletions: digest of the document with the deletions, "" if there is none.
        records: number of its main records.
    """

    resource: str
    components: bool
    conditions: tuple[str, ...]
    sha256: str
    deletions: str = ""
    records: int = 0


@dataclass(frozen=True)
class Manifest:
    """What an archive of ours says of itself.

    Attributes:
        journal: identity of the journal of the site that made it.
        position: the position of that journal up to which everything is in it.
        made_on: when it was made (UTC), None if that cannot be read.
        documents: name of each entry -> what it is.
    """

    journal: str
    position: int
    made_on: datetime | None
    documents: Mapping[str, ArchivedDocument] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Return the manifest as it is stored."""
        told = {
            "journal": self.journal,
            "position": self.position,
            "made_on": None if self.made_on is None else format_msince(self.made_on),
            "documents": {
                name: {**each.__dict__, "conditions": list(each.conditions)}
                for name, each in self.documents.items()
            },
        }
        return json.dumps(told, indent=1, sort_keys=True).encode("utf-8")

    @classmethod
    def from_bytes(cls, text: bytes) -> Manifest | None:
        """Return the manifest of an archive; None for what is none, or tells no journal."""
        try:
            told = json.loads(text)
        except (ValueError, RecursionError):
            return None
        if not isinstance(told, Mapping):
            return None
        journal, position = as_text(told.get("journal")), as_count(told.get("position"))
        documents = told.get("documents")
        if position is None or not isinstance(documents, Mapping):
            return None
        if not is_text(journal) or not is_position(journal, position):
            return None
        read = {str(name): _read_document(each) for name, each in documents.items()}
        found = {name: each for name, each in read.items() if each is not None}
        return cls(journal, position, as_time(told.get("made_on")), found)


def _read_document(told: Any) -> ArchivedDocument | None:
    if not isinstance(told, Mapping):
        return None
    return ArchivedDocument(
        as_text(told.get("resource")),
        told.get("components") is True,
        tuple(as_texts(told.get("conditions"))),
        as_text(told.get("sha256")),
        as_text(told.get("deletions")),
        as_count(told.get("records")) or 0,
    )


# --- reading an archive of anybody --------------------------------------------------------------------------


class ArchiveFile:
    """An archive on the disk, of a site that may be anybody. Nothing is stored under a name that it has.

    Args:
        path: the file.

    Attributes:
        manifest: what it says of itself, None for one of an Eden.

    Raises:
        ProtocolError: it is no zip file that is whole, or not as archives are.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        try:
            self._zip = zipfile.ZipFile(_Bounded(self._file))
            self._entries = _checked(self._zip)
            self.manifest = self._manifest()
        except _DAMAGED as error:
            self._file.close()
            raise _unusable(str(error) or type(error).__name__) from error
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._zip.close()
        self._file.close()

    def has(self, name: str) -> bool:
        """Return whether there is an entry of this name."""
        return name in self._entries

    def extract(self, name: str, out: BinaryIO, most: int) -> str:
        """Write an entry into a file; return its SHA-256 in hexadecimal digits.

        Args:
            name: name of the entry, which is there.
            out: where to.
            most: maximum bytes.

        Raises:
            ProtocolError: it is damaged, or larger.
            OSError: it cannot be written.
        """
        digest = hashlib.sha256()
        for chunk in self._chunks(name, most):
            digest.update(chunk)
            out.write(chunk)
        return digest.hexdigest()

    def _chunks(self, name: str, most: int) -> Iterator[bytes]:
        entry, size = self._entries[name], 0
        if entry.file_size > most:
            raise _unusable(f"{shown(name)} has {entry.file_size} bytes unpacked")
        try:
            with self._zip.open(entry) as source:
                while chunk := source.read(CHUNK):
                    size += len(chunk)
                    if size > most:
                        raise _unusable(f"{shown(name)} has more than {most} bytes unpacked")
                    yield chunk
        except _DAMAGED as error:
            raise _unusable(f"{shown(name)}: {error or type(error).__name__}") from error

    def _manifest(self) -> Manifest | None:
        if not self.has(MANIFEST):
            return None
        return Manifest.from_bytes(b"".join(self._chunks(MANIFEST, LARGEST_MANIFEST)))


class _Bounded:
    """A file of which nobody reads more at once than the list of entries may have: zip files name any size.

    Args:
        file: the file.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, count: int = -1) -> bytes:
        if count > LARGEST_LIST:
            raise _unusable(f"its list of entries has {count} bytes")
        # Without a number, what lies at the end of the file is looked through for the list.
        return self._file.read(LARGEST_LIST if count < 0 else count)

    def close(self) -> None:
        self._file.close()


def _checked(packed: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return the entries of an archive by name.

    Raises:
        ProtocolError: there are too many, two of the same name, or such as no archive has.
    """
    entries = packed.infolist()
    if len(entries) > MOST_ENTRIES:
        raise _unusable(f"it has {len(entries)} entries, {MOST_ENTRIES} are possible")
    found: dict[str, zipfile.ZipInfo] = {}
    for each in entries:
        name = each.filename
        if len(name) > LONGEST_ENTRY or not name.isprintable() or _leads_out(each.orig_filename):
            raise _unusable(f"{shown(name)} is no name of an entry")
        if name in found:
            raise _unusable(f"{shown(name)} is there twice")
        if each.flag_bits & _ENCRYPTED or each.compress_type not in (
            zipfile.ZIP_STORED,
            zipfile.ZIP_DEFLATED,
        ):
            raise _unusable(f"{shown(name)} is encrypted, or packed in a way that nobody asked for")
        found[name] = each
    return found


def _leads_out(name: str) -> bool:
    return name.startswith("/") or "\\" in name or "\0" in name or ".." in name.split("/")


def _unusable(why: str) -> ProtocolError:
    return ProtocolError(
        f"The archive cannot be used: {why}.",
        hint="The records are asked for one resource after the other. Tell the people at the other site: they have "
        "to make the archive anew.",
        remote=True,
    )
