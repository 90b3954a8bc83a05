"""How many records of the other site meet some filters: asked while a person chooses them, nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..exchange.peer import Asking, Capability, Exchange
from ..site import Repository
from ..wire.filters import Filter
from ..wire.protocol.names import PeerCapability
from .preview import LINE


def can_tell(repository: Repository) -> bool:
    """Return whether the other site may be able to tell: this site can ask it, and it is no Eden, folder or stick."""
    return repository.can_ask and Capability.PREVIEW in repository.type_capabilities


def matching_there(repository: Repository, resource: str, filters: Sequence[Filter]) -> int | None:
    """Return how many records the other site has that meet the filters, of those that this site may read there.

    Args:
        repository: the other site.
        resource: name of the table.
        filters: the filters; they need not be stored.

    Returns:
        their number, None where the other site cannot tell it.

    Raises:
        SyncError: it cannot be reached, or refuses.
    """
    with repository.peer(LINE) as peer:
        offer = peer.offer()
        if offer is None or PeerCapability.LOOK not in offer.capabilities:
            return None
        peer.remote = replace(peer.remote, capabilities=peer.remote.capabilities | offer.capabilities)
        asked = Exchange(resource, filters=tuple(filters))
        page = peer.pull(asked, Asking("", 1, total=True, look=True))
        try:
            with page.path.open("rb") as source, repository.site.document(source, resource) as document:
                return document.header.matching
        finally:
            page.discard()
