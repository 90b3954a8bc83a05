"""The offer of a site: resources, capabilities, data sets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...core.errors import ProtocolError
from ...core.limits import LONGEST_OFFERED, MOST_OFFERED
from .names import LONGEST_UUID
from .replies import as_count, as_text, as_texts, as_time, succeeded
from .times import format_msince
from .variables import read_words


@dataclass(frozen=True)
class Offered:
    """A resource that others can pull from a peer.

    Attributes:
        name: table name.
        title: its title at the peer.
        records: approximate number of records there, None if the peer did not say.
    """

    name: str
    title: str
    records: int | None = None


@dataclass(frozen=True)
class OfferedSet:
    """A data set of a peer: resources that belong together.

    Attributes:
        code: its short name.
        name: its name at the peer.
        resources: names of its tables.
    """

    code: str
    name: str
    resources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Offer:
    """What a peer is, and what can be pulled from it.

    Attributes:
        uuid: the peer's identifier.
        name: its name.
        software, version: its software.
        capabilities: its capabilities beyond those of an Eden.
        time: the time by its clock (UTC), None if it did not say.
        known: whether the asking site is registered there.
        page_size: number of main records in a page without a limit, None if it did not say.
        most_per_page: maximum number of main records in a page, None if it did not say.
        resources: the resources that can be pulled.
        datasets: its data sets.
    """

    uuid: str
    name: str = ""
    software: str = ""
    version: str | None = None
    capabilities: frozenset[str] = frozenset()
    time: datetime | None = None
    known: bool = False
    page_size: int | None = None
    most_per_page: int | None = None
    resources: tuple[Offered, ...] = ()
    datasets: tuple[OfferedSet, ...] = ()

    def resource(self, name: str) -> Offered | None:
        """Return what is offered of a table, None if nothing is."""
        return next((each for each in self.resources if each.name == name), None)


def offer_json(offer: Offer) -> dict[str, Any]:
    """Return the body of the reply to a request for the offer."""
    return {
        "status": "success",
        "statuscode": "200",
        "sender": offer.uuid,
        "name": offer.name,
        "software": offer.software,
        "version": offer.version,
        "capabilities": sorted(offer.capabilities),
        "time": None if offer.time is None else format_msince(offer.time),
        "known": offer.known,
        "page_size": offer.page_size,
        "most_per_page": offer.most_per_page,
        "resources": [
            {"name": each.name, "title": each.title, "records": each.records} for each in offer.resources
        ],
        "datasets": [
            {"code": each.code, "name": each.name, "resources": list(each.resources)}
            for each in offer.datasets
        ],
    }


def read_offer(reply: Any) -> Offer:
    """Read the offer of a peer.

    Raises:
        PeerRefused: the peer says that it failed.
        ProtocolError: this is no such reply.
    """
    told = succeeded(reply)
    sender, resources = told.get("sender"), told.get("resources")
    if not isinstance(sender, str) or not sender or not isinstance(resources, list):
        raise ProtocolError("The peer did not say who it is and what it offers.", remote=True)
    return Offer(
        uuid=sender[:LONGEST_UUID],
        name=_name(told.get("name")),
        software=_name(told.get("software")),
        version=_name(told.get("version")) or None,
        capabilities=frozenset(sorted(read_words(told.get("capabilities")))[:MOST_OFFERED]),
        time=as_time(told.get("time")),
        known=told.get("known") is True,
        page_size=as_count(told.get("page_size")),
        most_per_page=as_count(told.get("most_per_page")),
        resources=tuple(
            Offered(each["name"], _name(each.get("title")) or each["name"], as_count(each.get("records")))
            for each in resources[:MOST_OFFERED]
            if isinstance(each, dict) and _is_name(each.get("name"))
        ),
        datasets=_offered_sets(told.get("datasets")),
    )


def _offered_sets(told: Any) -> tuple[OfferedSet, ...]:
    return tuple(
        OfferedSet(
            each["code"],
            _name(each.get("name")) or each["code"],
            tuple(name for name in as_texts(each.get("resources"))[:MOST_OFFERED] if _is_name(name)),
        )
        for each in (told if isinstance(told, list) else [])[:MOST_OFFERED]
        if isinstance(each, dict) and _is_name(each.get("code"))
    )


def _name(value: Any) -> str:
    return as_text(value)[:LONGEST_OFFERED]


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_OFFERED
