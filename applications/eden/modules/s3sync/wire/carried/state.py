"""The state that a site leaves for another one: what it has read, and which of its pages are complete.

A page counts only if the state names it, with its size and digest, and the state is written last. So whatever was being
written when a stick was pulled out counts for nothing, and neither does a state that is not whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from ..protocol.names import LONGEST_JOURNAL, LONGEST_UUID
from ..protocol.replies import as_text, as_time
from ..protocol.standing import OpenList
from ..protocol.times import format_msince
from ..protocol.variables import read_words

FORMAT = 1
#: Maximum bytes of a state.
LARGEST = 16 * 1024 * 1024
LONGEST_NAME = 255


class DamagedState(ValueError):
    """A state is not whole, or is none."""


@dataclass(frozen=True)
class Stored:
    """A file as it was written.

    Attributes:
        size: its bytes.
        sha256: digest of its bytes, in hexadecimal.
    """

    size: int
    sha256: str


@dataclass(frozen=True)
class Page:
    """A page of records of one table.

    Attributes:
        seq: its number, by which its file is named.
        start: the cursor at which it begins, "" for the beginning of the exchange.
        cursor: the cursor at which it ends.
        count: number of its main records.
        size, sha256: of its file.
        restart: whether it is to be read whatever was read before: the exchange begins anew.
        restored: whether its writer has found that one of the two sites was restored from a backup.
        again: why everything is sent again, "" if it is not.
        files: stored names of the uploaded files that its records have.
    """

    seq: int
    start: str
    cursor: str
    count: int
    size: int
    sha256: str
    restart: bool = False
    restored: bool = False
    again: str = ""
    files: Sequence[str] = ()


@dataclass(frozen=True)
class State:
    """What a site says about itself in an exchange.

    Attributes:
        sender, receiver: uuids of the two sites.
        name: name of the sender.
        number: higher than that of every state before it.
        seen: number of the last state of the receiver that was read.
        restored: whether the sender has found that it was restored from a backup.
        journal: identity of its journal.
        time: the time by its clock (UTC), for people.
        read: table -> the cursor up to which it has stored everything, "" for nothing; tables that it fetches.
        pages: table -> the pages that are there.
        files: stored name -> the uploaded files that are there.
        wanted: stored names of files that it waits for.
        open: what it has not taken.
    """

    sender: str
    receiver: str
    name: str
    number: int
    seen: int
    journal: str
    restored: bool = False
    time: datetime | None = None
    read: Mapping[str, str] = field(default_factory=dict)
    pages: Mapping[str, Sequence[Page]] = field(default_factory=dict)
    files: Mapping[str, Stored] = field(default_factory=dict)
    wanted: Sequence[str] = ()
    open: OpenList = field(default_factory=OpenList)

    def to_bytes(self) -> bytes:
        """Return the text of its file."""
        told = {
            "sender": self.sender,
            "receiver": self.receiver,
            "name": self.name,
            "number": self.number,
            "seen": self.seen,
            "restored": self.restored,
            "journal": self.journal,
            "time": format_msince(self.time) if self.time is not None else None,
            "read": dict(self.read),
            "pages": {table: [asdict(page) for page in pages] for table, pages in self.pages.items()},
            "files": {name: asdict(stored) for name, stored in self.files.items()},
            "wanted": list(self.wanted),
            "open": self.open.to_json(),
        }
        return sealed_text(told)

    @classmethod
    def from_bytes(cls, text: bytes) -> State:
        """Read a state.

        Raises:
            DamagedState: it is not whole, or is none.
        """
        told = opened_text(text)
        try:
            return cls(
                sender=_short(told["sender"], LONGEST_UUID),
                receiver=_short(told["receiver"], LONGEST_UUID),
                name=_short(told["name"], LONGEST_NAME),
                number=_count(told["number"]),
                seen=_count(told["seen"]),
                journal=_short(told["journal"], LONGEST_JOURNAL),
                restored=told.get("restored") is True,
                time=as_time(told.get("time")),
                read={table: as_text(cursor) for table, cursor in told["read"].items()},
                pages={table: tuple(_page(page) for page in pages) for table, pages in told["pages"].items()},
                files={name: _stored(each) for name, each in told["files"].items()},
                wanted=tuple(_short(name, LONGEST_NAME) for name in told["wanted"]),
                open=OpenList.from_json(told.get("open")),
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise DamagedState(f"a state lacks what it must have: {error}") from error


@dataclass(frozen=True)
class Greeting:
    """Who a site is.

    Attributes:
        uuid: its identifier.
        name: its name.
        version: version of its synchronisation.
        capabilities: what it can do beyond an Eden.
    """

    uuid: str
    name: str
    version: str
    capabilities: frozenset[str]

    def to_bytes(self) -> bytes:
        """Return the text of its file."""
        return sealed_text({**asdict(self), "capabilities": sorted(self.capabilities)})

    @classmethod
    def from_bytes(cls, text: bytes) -> Greeting:
        """Read a greeting.

        Raises:
            DamagedState: it is not whole, or is none.
        """
        told = opened_text(text)
        try:
            return cls(
                _short(told["uuid"], LONGEST_UUID),
                _short(told["name"], LONGEST_NAME),
                _short(told["version"], LONGEST_NAME),
                read_words(told["capabilities"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedState(f"a site does not say who it is: {error}") from error


def sealed_text(told: Mapping[str, Any]) -> bytes:
    """Return JSON with its own digest, by which a file that is not whole is recognised."""
    digest = hashlib.sha256(_plain(told)).hexdigest()
    return json.dumps({"format": FORMAT, "sha256": digest, "told": told}, indent=1).encode()


def opened_text(text: bytes) -> dict[str, Any]:
    """Return what ``sealed_text`` was given.

    Raises:
        DamagedState: it is not whole, or of a later format.
    """
    try:
        found = json.loads(text)
        told, digest, form = found["told"], found["sha256"], found["format"]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise DamagedState("it is no JSON, or not all of it") from error
    if form != FORMAT or not isinstance(told, dict):
        raise DamagedState(f"it has format {form!r}, this site reads {FORMAT}")
    if hashlib.sha256(_plain(told)).hexdigest() != digest:
        raise DamagedState("it was changed, or is not whole")
    return told


def _plain(told: Mapping[str, Any]) -> bytes:
    return json.dumps(told, sort_keys=True, separators=(",", ":")).encode()


def _page(told: Mapping[str, Any]) -> Page:
    return Page(
        seq=_count(told["seq"]),
        start=as_text(told["start"]),
        cursor=_short(told["cursor"], LONGEST_NAME),
        count=_count(told["count"]),
        size=_count(told["size"]),
        sha256=_short(told["sha256"], 64),
        restart=told.get("restart") is True,
        restored=told.get("restored") is True,
        again=as_text(told.get("again")),
        files=tuple(_short(name, LONGEST_NAME) for name in told.get("files", ())),
    )


def _stored(told: Mapping[str, Any]) -> Stored:
    return Stored(_count(told["size"]), _short(told["sha256"], 64))


def _short(value: Any, most: int) -> str:
    if not isinstance(value, str) or not value or len(value) > most:
        raise ValueError(f"a text of 1 to {most} characters is missing")
    return value


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("a number is missing")
    return value
