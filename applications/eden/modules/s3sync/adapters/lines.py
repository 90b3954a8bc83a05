"""What a site lends an adapter: connections to elsewhere, folders, limits. Nothing is opened before it is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ..core.clock import SystemClock
from ..core.errors import ConfigurationError
from ..exchange.ports import Clock
from ..transport.client import Transport
from ..transport.limits import Limits


@dataclass(frozen=True)
class Lines:
    """What an adapter may use.

    Attributes:
        spool: folder for documents on their way.
        limits: what a peer may cost.
        verify: whether certificates are verified, or the file with the authorities to trust.
        proxy: URL of the site's HTTP proxy, for a repository without one of its own.
        folder_roots: folders of this machine below which the operator lets repositories read and write.
        clock: the site's clock.
    """

    spool: Path
    limits: Limits = field(default_factory=Limits)
    verify: bool | str = True
    proxy: str | None = None
    folder_roots: tuple[Path, ...] = ()
    clock: Clock = field(default_factory=SystemClock)

    def http(
        self,
        url: str,
        *,
        username: str | None = None,
        password: str | None = None,
        proxy: str | None = None,
    ) -> Transport:
        """Return a line to an address of http or https; whoever asks for it closes it.

        Args:
            url: the address.
            username, password: for HTTP Basic, none where empty.
            proxy: URL of an HTTP proxy; the site's own where empty.

        Raises:
            ConfigurationError: it is no such address.
        """
        return Transport(
            url,
            username=username,
            password=password,
            proxy=proxy or self.proxy,
            limits=self.limits,
            verify=self.verify,
            spool=self.spool,
        )

    def folder(self, path: str) -> Path:
        """Return a folder of this machine, with links followed.

        Args:
            path: as a person entered it.

        Raises:
            ConfigurationError: the operator does not allow it, or it is not there.
        """
        if not self.folder_roots:
            raise ConfigurationError(
                "This site lets no repository use folders of its machine.",
                hint="The operator of this machine has to name the allowed folders: setting folder_roots in "
                "section [sync] of private/appconfig.ini.",
            )
        found = Path(path)
        allowed = " or ".join(str(root) for root in self.folder_roots)
        if not found.is_absolute() or not _below(found.resolve(), self.folder_roots):
            raise ConfigurationError(
                f"The folder {path} is not one that this site may use.",
                hint=f"Enter the whole path of a folder below {allowed}, or ask the operator of this machine to add "
                "it to folder_roots.",
            )
        if not found.is_dir():
            raise ConfigurationError(
                f"There is no folder {path} on this machine.",
                hint="Make the folder, or connect the drive on which it is, and let the worker's account read and "
                "write it.",
            )
        return found.resolve()


def _below(path: Path, roots: tuple[Path, ...]) -> bool:
    return any(root == path or root in path.parents for root in (each.resolve() for each in roots))
