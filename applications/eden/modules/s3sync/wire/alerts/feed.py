"""Feeds that list alerts: Atom (RFC 4287) and RSS 2.0. A single alert is a feed of one."""

from __future__ import annotations

from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import urljoin

from .cap import Alert, AlertError, alert_of, alerts_in, moment, xml

#: Bytes of a feed, which may have its alerts within it; entries that are looked at.
MOST_FEED, MOST_ENTRIES = 16 * 1024 * 1024, 2000
#: Characters of an address.
LONGEST_ADDRESS = 2000
ATOM = "{http://www.w3.org/2005/Atom}"
MEDIA_TYPE = "application/cap+xml"


class Entry(NamedTuple):
    """What a feed lists.

    Attributes:
        address: where the alert is; of one within the feed what identifies it.
        mark: changes when the alert does, "" if the feed does not tell.
        when: by when entries are sorted, "" if the feed does not tell.
        alert: the alert, None if it has to be fetched.
        problem: why the alert within the feed cannot be read, "" if it can.
    """

    address: str
    mark: str
    when: str = ""
    alert: Alert | None = None
    problem: str = ""


def entries(document: bytes, address: str) -> list[Entry]:
    """Return what a feed lists, the oldest first: an update then comes after what it updates.

    Args:
        document: the feed.
        address: its address, which links in it may be relative to.

    Raises:
        AlertError: it is no feed and no alert.
    """
    root = xml(document, MOST_FEED)
    name = str(root.tag)
    if name.endswith("}alert"):
        return [_within(root, address)]
    if name == f"{ATOM}feed":
        found = [_of_atom(each, address) for each in root.iterchildren(f"{ATOM}entry")]
    elif name == "rss" and root.find("channel") is not None:
        found = [_of_rss(each, address) for each in root.find("channel").iterchildren("item")]
    else:
        raise AlertError("it is neither a feed (Atom, RSS) nor an alert (CAP 1.2)")
    if len(found) > MOST_ENTRIES:
        raise AlertError(f"the feed has more than {MOST_ENTRIES} entries")
    listed = {each.address: each for each in reversed(found) if each is not None}
    return sorted(listed.values(), key=lambda each: each.when)


def _within(element: Any, address: str) -> Entry:
    try:
        alert = alert_of(element)
    except AlertError as error:
        return Entry(address, str(error), "", None, str(error))
    return Entry(alert.key, alert.key, alert.sent.isoformat(), alert)


def _of_atom(entry: Any, address: str) -> Entry | None:
    inside = next(alerts_in(entry), None)
    if inside is not None:
        return _within(inside, _text(entry, f"{ATOM}id") or address)
    links = [each for each in entry.iterchildren(f"{ATOM}link") if each.get("href")]
    fitting = [each for each in links if each.get("type") == MEDIA_TYPE]
    fitting += [each for each in links if each.get("rel", "alternate") == "alternate"]
    mark = _text(entry, f"{ATOM}updated")
    return _entry(fitting[0].get("href") if fitting else "", address, mark, _sortable(mark))


def _of_rss(item: Any, address: str) -> Entry | None:
    inside = next(alerts_in(item), None)
    if inside is not None:
        return _within(inside, _text(item, "guid") or address)
    enclosed = [each.get("url") for each in item.iterchildren("enclosure") if each.get("type") == MEDIA_TYPE]
    mark = _text(item, "pubDate")
    return _entry(next(iter(enclosed), None) or _text(item, "link"), address, mark, _sortable(mark))


def _entry(link: str, address: str, mark: str, when: str) -> Entry | None:
    try:
        target = urljoin(address, link.strip()) if link.strip() else ""
    except ValueError:
        return None
    return Entry(target, mark[:100], when) if target and len(target) <= LONGEST_ADDRESS else None


def _text(element: Any, name: str) -> str:
    found = element.find(name)
    return "" if found is None else (found.text or "").strip()


def _sortable(mark: str) -> str:
    """Return a time of a feed as text that sorts, "" for what is none."""
    try:
        return moment(mark, "").isoformat()
    except AlertError:
        pass
    try:
        found = parsedate_to_datetime(mark)
    except (TypeError, ValueError, IndexError, OverflowError):
        return ""
    return (found.astimezone(timezone.utc) if found.tzinfo else found).replace(tzinfo=None).isoformat()
