"""Alerts of the Common Alerting Protocol (OASIS CAP 1.2, 3.2), read from XML; 1.1 has the same elements.

Nothing of it is sent. A signature in an alert is not looked at: who may be believed is decided by the address that is
entered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ..places.plain_xml import parsed

NAMESPACES = ("urn:oasis:names:tc:emergency:cap:1.2", "urn:oasis:names:tc:emergency:cap:1.1")
#: Bytes of an alert; its blocks, their areas, and what an area is made of.
MOST_BYTES, MOST_INFOS, MOST_AREAS, MOST_SHAPES = 4 * 1024 * 1024, 50, 500, 500
#: Characters of a text that is looked at, and of what identifies an alert (CAP forbids blanks and commas in it).
LONGEST, LONGEST_NAME = 20_000, 300
#: The status of an alert that is meant; exercises, tests, drafts and messages between systems are not.
ACTUAL = "Actual"
ALERT, UPDATE, CANCEL = "Alert", "Update", "Cancel"
_PLAIN = re.compile(r"[^\s,<&]+")


class AlertError(ValueError):
    """It is no alert that can be taken; the text says why, for a person."""


@dataclass(frozen=True)
class Area:
    """An area of an alert.

    Attributes:
        description: in words.
        polygons: of each the text of its positions, "lat,lon lat,lon ...".
        circles: of each the text, "lat,lon radius", the radius in kilometres.
        codes: names and values of codes for the area.
    """

    description: str
    polygons: tuple[str, ...] = ()
    circles: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Info:
    """A block of an alert: the same in another language, or for another area or time.

    Attributes:
        texts: element -> text, of those that are there once: language, event, urgency, severity, certainty, headline,
            description, instruction, senderName, web, contact, audience, onset, effective, expires.
        categories, responses: values of elements that may repeat.
        areas: where it holds.
    """

    texts: dict[str, str]
    categories: tuple[str, ...] = ()
    responses: tuple[str, ...] = ()
    areas: tuple[Area, ...] = ()

    def time(self, name: str) -> datetime | None:
        """Return a time (UTC), None if it is not there."""
        return moment(self.texts[name], name) if self.texts.get(name) else None


@dataclass(frozen=True)
class Alert:
    """An alert.

    Attributes:
        identifier, sender: who names it how.
        sent: when (UTC).
        status, kind, scope, note: as CAP has them (``kind`` is msgType).
        references: the keys of former alerts that it is about.
        infos: its blocks.
    """

    identifier: str
    sender: str
    sent: datetime
    status: str
    kind: str
    scope: str = ""
    note: str = ""
    references: tuple[str, ...] = ()
    infos: tuple[Info, ...] = ()

    @property
    def key(self) -> str:
        """What identifies an alert: sender, identifier and time, as ``references`` name it."""
        return key_of(self.sender, self.identifier, self.sent)


def key_of(sender: str, identifier: str, sent: datetime) -> str:
    """Return what identifies an alert, with the time in UTC: senders write the same time in different zones."""
    return f"{sender},{identifier},{sent.isoformat()}"


def moment(text: str, name: str) -> datetime:
    """Return a time of CAP in UTC, without zone.

    Raises:
        AlertError: it is none.
    """
    try:
        found = datetime.fromisoformat(re.sub(r"Z$", "+00:00", text.strip()))
        aware = found if found.tzinfo else found.replace(tzinfo=timezone.utc)
        return aware.astimezone(timezone.utc).replace(tzinfo=None, microsecond=0)
    except (ValueError, OverflowError):
        raise AlertError(f"{name} is no time: {text[:40]!r}") from None


def read(document: bytes) -> Alert:
    """Return the alert of a document.

    Raises:
        AlertError: it is none, or beyond the limits.
    """
    return alert_of(xml(document))


def read_all(document: bytes) -> list[Alert]:
    """Return the alerts in a document: it is one, or others are in it, as in a feed with its alerts.

    Raises:
        AlertError: one of them cannot be read, or there is none.
    """
    root = xml(document)
    found = [alert_of(each) for each in alerts_in(root)]
    if not found:
        raise AlertError("there is no alert (CAP 1.2) in it")
    return found


def xml(document: bytes, most: int = MOST_BYTES) -> Any:
    """Return the root of a small document.

    Args:
        document: the document.
        most: maximum bytes.

    Raises:
        AlertError: it is no XML, has a DTD, or is too large.
    """
    if len(document) > most:
        raise AlertError(f"it has more than {most // 1024 // 1024} MB")
    try:
        return parsed(document)
    except ValueError as error:
        raise AlertError(str(error)) from error


def alerts_in(element: Any) -> Iterator[Any]:
    """Return the alerts at or below an element."""
    for namespace in NAMESPACES:
        yield from element.iter(f"{{{namespace}}}alert")


def alert_of(element: Any) -> Alert:
    """Return an alert.

    Args:
        element: of XML.

    Raises:
        AlertError: it is none, or beyond the limits.
    """
    namespace, _, tag = str(element.tag).rpartition("}")
    if tag != "alert" or namespace[1:] not in NAMESPACES:
        raise AlertError("it is no alert (CAP 1.2)")
    inside = _Inside(element, f"{namespace}}}")
    identifier, sender = inside.text("identifier"), inside.text("sender")
    for name, text in (("identifier", identifier), ("sender", sender)):
        if not _PLAIN.fullmatch(text) or len(text) > LONGEST_NAME:
            raise AlertError(f"its {name} is none: {text[:40]!r}")
    infos = inside.all("info")
    if len(infos) > MOST_INFOS:
        raise AlertError(f"it has more than {MOST_INFOS} blocks")
    return Alert(
        identifier,
        sender,
        moment(inside.text("sent"), "sent"),
        inside.text("status"),
        inside.text("msgType"),
        inside.text("scope"),
        inside.text("note"),
        tuple(_references(inside.text("references"))),
        tuple(_info(_Inside(each, inside.namespace)) for each in infos),
    )


def _references(text: str) -> Iterator[str]:
    for each in text.split():
        # Identifiers of some senders have commas, against CAP: the sender is the first part, the time the last.
        sender, _, rest = each.partition(",")
        identifier, _, sent = rest.rpartition(",")
        if sender and identifier:
            yield key_of(sender, identifier, moment(sent, "references"))


_TEXTS = (
    *("language", "event", "urgency", "severity", "certainty", "audience", "headline", "description"),
    *("instruction", "senderName", "web", "contact", "effective", "onset", "expires"),
)


def _info(inside: _Inside) -> Info:
    areas = inside.all("area")
    if len(areas) > MOST_AREAS:
        raise AlertError(f"a block has more than {MOST_AREAS} areas")
    texts = {name: inside.text(name) for name in _TEXTS}
    return Info(
        {name: text for name, text in texts.items() if text},
        tuple(inside.texts("category")),
        tuple(inside.texts("responseType")),
        tuple(_area(_Inside(each, inside.namespace)) for each in areas),
    )


def _area(inside: _Inside) -> Area:
    codes = (_Inside(each, inside.namespace) for each in inside.all("geocode"))
    return Area(
        inside.text("areaDesc"),
        tuple(inside.texts("polygon")),
        tuple(inside.texts("circle")),
        tuple(f"{each.text('valueName')} {each.text('value')}".strip() for each in codes),
    )


class _Inside:
    """The children of an element, by names without namespace."""

    def __init__(self, element: Any, namespace: str) -> None:
        self._element, self.namespace = element, namespace

    def all(self, name: str) -> list[Any]:
        """Return the children of a name."""
        return list(self._element.iterchildren(f"{self.namespace}{name}"))

    def texts(self, name: str) -> list[str]:
        """Return the texts of the children of a name, bounded in number; a shape is as long as it is."""
        found = self.all(name)
        if len(found) > MOST_SHAPES:
            raise AlertError(f"it has more than {MOST_SHAPES} times {name}")
        return [(each.text or "").strip() for each in found]

    def text(self, name: str) -> str:
        """Return the text of the first child of a name, "" if there is none."""
        found = self._element.find(f"{self.namespace}{name}")
        return "" if found is None else (found.text or "").strip()[:LONGEST]
