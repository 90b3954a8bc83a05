"""The contract of repository types, for the engine and the screens.

A repository type is one module in this folder with one subclass of ``Adapter``. It declares its name, label,
capabilities and settings; lists, forms and the engine follow this declaration. docs/ADAPTERS.md describes how to write
one, ``testing`` has the tests that each one must pass.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from ..core.errors import ConfigurationError, PeerRefused
from ..exchange.line import Line
from ..exchange.peer import Asking, Capability, Exchange, News, PullResult, PushResult, Registration, Sending
from ..wire.carried.state import Page, State
from ..wire.data_sets import PublishedSet
from ..wire.protocol.dry_run import DryRunResult
from ..wire.protocol.listening import ListenAnswer
from ..wire.protocol.offer import Offer
from ..wire.protocol.standing import StandingAnswer, StandingReport
from .connection_test import ConnectionTest, complete
from .lines import Lines
from .settings import Kind, Setting

__all__ = ["Adapter", "Capability", "Kind", "Lines", "Remote", "Setting", "T"]


def T(text: str) -> str:
    """Mark a text for translation where it is declared; the screen translates it."""
    return text


@dataclass(frozen=True)
class Remote:
    """A repository as an adapter sees it.

    Attributes:
        id: key of the repository here, 0 while it exists only in a form.
        uuid: identifier of the other site, None while unknown.
        name: name of the repository, for messages.
        own_uuid: identifier under which this site is known there.
        own_name: the name under which this site registers.
        settings: the entered values, by the names of the type's settings; secrets are decrypted, empty values missing.
        capabilities: what the peer announced in its last answer, and what was detected.
        follows: what is told of the prescription that this site follows; None where the peer may prescribe nothing.
        datasets: codes of the data sets that people here have chosen; with ``DATASETS``.
    """

    id: int
    uuid: str | None
    name: str
    own_uuid: str
    own_name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    capabilities: frozenset[str] = frozenset()
    follows: str | None = None
    datasets: tuple[str, ...] = ()


class Adapter(ABC):
    """One peer, by the rules of its repository type.

    A type overrides the methods for its ``capabilities``; the others are never called.

    Args:
        remote: the repository.
        lines: what this site provides: connections, folders, limits.

    Attributes:
        apitype: name of the type, as it is stored.
        label: label of the type, in English.
        capabilities: what the type can do.
        settings: its settings, in the order of the form.
        guide: how to connect such a repository, step by step, in English.
        confirms: whether the other site confirms what is sent to it, so that it is known to have arrived.
        learned: capabilities that it detects without an announcement, kept when the peer registers again.
        abilities: capability -> description in English, for the screens.
    """

    apitype: ClassVar[str]
    label: ClassVar[str]
    capabilities: ClassVar[frozenset[Capability]] = frozenset()
    settings: ClassVar[tuple[Setting, ...]] = ()
    guide: ClassVar[tuple[str, ...]] = ()
    confirms: ClassVar[bool] = True
    learned: ClassVar[frozenset[str]] = frozenset()
    abilities: ClassVar[Mapping[str, str]] = {}

    def __init__(self, remote: Remote, lines: Lines) -> None:
        self.remote = remote
        self.lines = lines

    @classmethod
    def missing(cls, values: Mapping[str, Any]) -> list[Setting]:
        """Return the required settings that are empty."""
        return [each for each in cls.settings if each.required and not values.get(each.name)]

    @classmethod
    def lacks(cls) -> str:
        """Return the file with the packages that have to be installed for this type, "" where nothing is missing."""
        return ""

    @property
    def skew(self) -> float | None:
        """See port ``Peer``."""
        return None

    @property
    def line(self) -> Line | None:
        """How good the line to the peer was so far; None from a type that has none."""
        return None

    def close(self) -> None:
        """Close the connections to the peer."""
        return

    def __enter__(self) -> "Adapter":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def register(self) -> Registration:
        """See port ``Peer``; with ``REGISTER``."""
        raise self._cannot("take no registration")

    def offer(self) -> Offer | None:
        """See port ``Peer``; with ``OFFER``."""
        return None

    def standing(self, report: StandingReport) -> StandingAnswer | None:
        """See port ``Peer``; only for types whose peers announce the capability CURSOR."""
        return None

    def listen(self, heard: str) -> ListenAnswer | None:
        """See port ``ListenedPeer``; only for types whose peers announce the capability LISTEN."""
        return None

    def greet(self) -> None:
        """Check that the peer can be reached and grants access; this changes nothing there.

        It is called before a preview if the peer has no offer.

        Raises:
            SyncError: it cannot be reached, or denies access.
        """
        return

    def test(self, clock_warning: float) -> ConnectionTest:
        """Test the connection, for an administrator before saving; with ``TEST``. It changes nothing.

        Args:
            clock_warning: seconds between the clocks that cause a warning.
        """
        return complete([])

    def suggested(self, test: ConnectionTest) -> Mapping[str, str]:
        """Return what a connection test found for settings that are empty: by saving it, a person confirms it.

        Args:
            test: the result of ``test``.
        """
        return {}

    def pull(self, exchange: Exchange, asking: Asking) -> PullResult:
        """See port ``Peer``; with ``PULL``."""
        raise self._cannot("have nothing to fetch")

    def news(self, asked: Sequence[tuple[Exchange, Asking]], known: str) -> News | None:
        """See port ``Peer``; only for types whose peers announce the capability TOGETHER."""
        return None

    def push(self, exchange: Exchange, document: Path, sending: Sending) -> PushResult:
        """See port ``Peer``; with ``PUSH``."""
        raise self._cannot("take no records")

    def push_together(self, pushes: Sequence[tuple[Exchange, bytes, Sending]]) -> Sequence[PushResult | None]:
        """See port ``Peer``; only for types whose peers announce the capability TOGETHER."""
        return [None] * len(pushes)

    def dry_run(self, exchange: Exchange, document: Path, sending: Sending) -> DryRunResult | None:
        """See port ``Peer``; a type without dry runs does not override it."""
        return None

    def send_file(self, stored: str, path: Path) -> int:
        """See port ``Peer``; with ``FILES``."""
        raise self._cannot("take no files")

    def fetch(self, url: str, target: Path) -> None:
        """See port ``Peer``; with ``FILES``."""
        # A refusal is permanent, so the file is not requested again in every run.
        raise PeerRefused(
            f"Files do not travel with repositories of type {self.apitype}.",
            hint="Copy the file by hand, or exchange this resource with a repository of another type.",
        )

    def sets(self, codes: Sequence[str] | None = None) -> Sequence[PublishedSet]:
        """Return the data sets of the peer with their resources; with ``DATASETS``.

        Args:
            codes: of which sets, None for all.

        Raises:
            SyncError: it cannot be reached, denies access, or has no data sets.
        """
        return ()

    def theirs(self) -> State | None:
        """See port ``CarriedPeer``; with ``CARRIED``, as the next three."""
        return None

    def disregard(self) -> None:
        """See port ``CarriedPeer``."""
        return

    def still_there(self, table: str, start: str, known: Collection[str]) -> Sequence[Page]:
        """See port ``CarriedPeer``."""
        return ()

    def leave(self, state: State) -> None:
        """See port ``CarriedPeer``."""
        raise self._cannot("leave nothing")

    def _cannot(self, what: str) -> ConfigurationError:
        return ConfigurationError(
            f"Repositories of type {self.apitype} {what}.",
            hint="Choose another direction for this resource, or another type for the repository.",
        )
