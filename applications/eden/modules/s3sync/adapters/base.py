"""What every repository type offers to the engine and to the screens.

A repository type is one module in this folder with one subclass of ``Adapter``. It declares its name, its
label, what it can do and which settings it needs; lists, forms and the engine follow that declaration.
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from ..errors import ConfigurationError
from ..peer import Exchange, Forecast, Offer, PullResult, PushResult, Registration
from ..transport import Transport


class Capability(enum.Enum):
    """What a repository type can do; the engine and the screens offer nothing else."""

    REGISTER = "register"
    PULL = "pull"
    PUSH = "push"
    FILES = "files"
    FILTERS = "filters"


@dataclass(frozen=True)
class Setting:
    """A field of ``sync_repository`` that a repository type needs.

    Attributes:
        name: column name.
        label: for the form, in English; translated by the screen.
        help: one sentence below the field, in English.
        kind: "text", "address" (of http or https), or "flag" (yes or no).
        required: whether this site cannot ask the other one without it.
        secret: whether the value is stored encrypted and never sent back to a browser.
    """

    name: str
    label: str
    help: str = ""
    kind: str = "text"
    required: bool = False
    secret: bool = False


def T(text: str) -> str:
    """Mark a text for translation where it is declared; the screen that shows it translates it."""
    return text


@dataclass(frozen=True)
class Remote:
    """A repository as an adapter sees it.

    Attributes:
        id: key of the repository here.
        uuid: identifier of the other site, None before it told it.
        name: name of the repository, for messages.
        url: address of the other site's application.
        own_uuid: identifier under which this site is known there.
        own_name: what this site calls itself when it registers.
        path: folder or path at the peer, for types that have one.
        capabilities: what the peer announced when it last answered.
    """

    id: int
    uuid: str | None
    name: str
    url: str
    own_uuid: str
    own_name: str
    path: str | None = None
    capabilities: frozenset[str] = frozenset()


class Adapter(ABC):
    """One peer, spoken to in the manner of its repository type.

    Args:
        remote: the repository.
        transport: the line to it; closed by ``close``.
    """

    apitype: ClassVar[str]
    label: ClassVar[str]
    capabilities: ClassVar[frozenset[Capability]] = frozenset()
    settings: ClassVar[tuple[Setting, ...]] = ()

    def __init__(self, remote: Remote, transport: Transport) -> None:
        self.remote = remote
        self.transport = transport

    def close(self) -> None:
        """Close the connections to the peer."""
        self.transport.close()

    def __enter__(self) -> "Adapter":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @abstractmethod
    def register(self) -> Registration:
        """See port ``Peer``."""

    def offer(self) -> Offer | None:
        """See port ``Peer``; a type whose peers make no offer leaves it so."""
        return None

    def greet(self) -> None:
        """Make sure that a site of this type answers at the address and lets us in; nothing changes there.

        A type whose peers make an offer, or that has no cheap question, leaves it so.

        Raises:
            SyncError: it does not answer as such a site does, or does not let us in.
        """
        return

    @abstractmethod
    def pull(
        self,
        exchange: Exchange,
        *,
        cursor: str,
        limit: int,
        msince: datetime | None = None,
        checkpoint: str = "",
        total: bool = False,
        look: bool = False,
    ) -> PullResult:
        """See port ``Peer``."""

    @abstractmethod
    def push(
        self,
        exchange: Exchange,
        document: Path,
        *,
        journal: str,
        checkpoint: str,
        pulled: Path | None = None,
    ) -> PushResult:
        """See port ``Peer``."""

    def forecast(
        self, exchange: Exchange, document: Path, *, journal: str, checkpoint: str
    ) -> Forecast | None:
        """See port ``Peer``; a type whose peers cannot be asked leaves it so."""
        return None

    def send_file(self, stored: str, path: Path) -> int:
        """See port ``Peer``; a type that takes no files leaves it so."""
        raise ConfigurationError(f"Repositories of type {self.apitype} take no files.")

    def fetch(self, url: str, target: Path) -> None:
        """See port ``Peer``."""
        self.transport.fetch(url, target)
