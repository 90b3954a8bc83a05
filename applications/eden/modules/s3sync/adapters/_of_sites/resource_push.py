"""A push to the plain address of a resource, where a peer overwrites every record, and imports all or nothing.

So records that are newer at the peer are left out, and those that it rejects are left out of the next attempt.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from lxml import etree

from ...core.errors import PeerRefused
from ...exchange.peer import Exchange, PullResult, Refusal
from ...transport.answer import Reply
from ...wire.s3xml import rejected_uuids
from .thinning import Versions, thin_out

MOST_ROUNDS = 4


@dataclass(frozen=True)
class Sent:
    """The result of a push to a resource's address.

    Attributes:
        reply: the last answer, which may refuse the whole document.
        bytes: bytes on the line, in all attempts.
        refusals: records that the peer rejected.
        newer: uuids that were left out because the peer's version is newer.
    """

    reply: Reply
    bytes: int
    refusals: list[Refusal]
    newer: list[str]


class ResourcePush:
    """Pushes to plain addresses, during one run.

    Args:
        everything: fetches all records of a resource from the peer.
        post: sends a document to an address; takes URL, resource and document.
    """

    def __init__(
        self, everything: Callable[[Exchange], PullResult], post: Callable[[str, str, Path], Reply]
    ) -> None:
        self._everything = everything
        self._post = post
        self._versions: dict[str, Versions] = {}

    def close(self) -> None:
        """Remove the stored versions of the peer."""
        for each in self._versions.values():
            each.close()
        self._versions.clear()

    def send(self, url: str, exchange: Exchange, document: Path) -> Sent:
        """Send a document without records that are newer at the peer, until the peer accepts the rest.

        Args:
            url: the resource's address.
            exchange: what the document contains.
            document: S3XML.

        Raises:
            SyncError: the peer cannot be reached, or rejects further records in every attempt.
        """
        versions = self._versions_there(exchange)
        refused: dict[str, Refusal] = {}
        newer: set[str] = set()

        def unwanted(element: etree._Element) -> bool:
            if element.get("uuid") in refused:
                return True
            if versions.newer(element):
                newer.add(str(element.get("uuid")))
                return True
            return False

        sent = 0
        handle, copy = tempfile.mkstemp(prefix="sync-", suffix=".xml", dir=document.parent)
        os.close(handle)
        thinned = Path(copy)
        try:
            for _ in range(MOST_ROUNDS):
                thin_out(document, thinned, unwanted)
                reply = self._post(url, exchange.resource, thinned)
                sent += reply.sent
                fresh = _rejected(reply, exchange.resource, refused)
                if not fresh:
                    return Sent(reply, sent, list(refused.values()), sorted(newer))
                refused.update(fresh)
        finally:
            thinned.unlink()
        raise PeerRefused(
            f"{url} still rejects records after {len(refused)} were left out.",
            hint="Read the reasons in the log and correct the records.",
            remote=True,
        )

    def _versions_there(self, exchange: Exchange) -> Versions:
        """Return the versions of the peer's records, fetched once per run."""
        found = self._versions.get(exchange.resource)
        if found is None:
            answer = self._everything(exchange)
            try:
                found = self._versions[exchange.resource] = Versions(answer.path)
            finally:
                answer.discard()
        return found


def _rejected(reply: Reply, resource: str, known: dict[str, Refusal]) -> dict[str, Refusal]:
    """Return the newly rejected records, because of which nothing was imported; empty if the peer names none."""
    told = reply.json()
    if told.get("status") != "failed":
        return {}
    rejected = rejected_uuids(told.get("tree"))
    return {uuid: Refusal(resource, uuid, reason) for uuid, reason in rejected.items() if uuid not in known}
