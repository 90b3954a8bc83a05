"""What is known of a feed of alerts: what was taken, and which alerts belong together. It is the cursor of a pull."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from ...core.messages import Message, Sentence
from .cap import ACTUAL, ALERT, CANCEL, UPDATE, Alert, AlertError
from .incident import Incident, as_s3xml, incident

#: Chains of alerts that are remembered, the latest ones; and characters of the text of each.
MOST_CHAINS, LONGEST_TEXT = 1000, 2000


class Version(NamedTuple):
    """An incident as an alert says that it is.

    Attributes:
        root: see ``incident.uuid_of``.
        said: what it says.
        sent: time of the alert (UTC).
        place: identifier of a location that is here, for an alert that tells none.
    """

    root: str
    said: Incident
    sent: datetime
    place: str | None = None

    def as_s3xml(self) -> str:
        """Return it as a record of S3XML."""
        return as_s3xml(self.said, self.root, self.sent, self.place)


class Told(NamedTuple):
    """What an alert comes to.

    Attributes:
        versions: of the incidents that it makes or changes.
        passed_over: why it makes none, None if it makes some or is known already.
    """

    versions: Sequence[Version] = ()
    passed_over: Message | None = None


@dataclass
class Known:
    """What was taken of a feed.

    Attributes:
        etag, modified: what the server told of the feed that was taken to its end.
        seen: address -> mark of what the feed lists and was looked at.
        chains: key of the first of several alerts that update each other -> what is remembered of them: keys of all
            (``keys``), time of the last one (``sent``), and what it said (``said``).
        cancelled: key of an alert that did not come here -> time of its cancellation (``sent``), and why (``note``).
    """

    etag: str = ""
    modified: str = ""
    seen: dict[str, str] = field(default_factory=dict)
    chains: dict[str, dict[str, Any]] = field(default_factory=dict)
    cancelled: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def read(cls, cursor: str) -> Known:
        """Return what a cursor says; nothing for one that this version cannot read: then all comes once more."""
        with contextlib.suppress(ValueError, TypeError):
            return cls(**json.loads(cursor))
        return cls()

    def text(self) -> str:
        """Return it as a cursor."""
        told = {"etag": self.etag, "modified": self.modified, "seen": self.seen}
        bounded = {"chains": _latest(self.chains), "cancelled": _latest(self.cancelled)}
        return json.dumps(
            {**told, **{name: each for name, each in bounded.items() if each}}, ensure_ascii=False
        )

    def tell(self, alert: Alert, language: str, now: datetime) -> Told:
        """Return what an alert comes to, and remember it.

        Args:
            alert: the alert.
            language: see ``incident.chosen``.
            now: the time (UTC).
        """
        if alert.status != ACTUAL:
            return Told(
                (), Sentence.ALERT_NOT_MEANT.say(alert=_named(alert), status=alert.status[:40] or "-")
            )
        if alert.kind not in (ALERT, UPDATE, CANCEL):
            return Told((), Sentence.ALERT_NO_NEWS.say(alert=_named(alert), kind=alert.kind[:40] or "-"))
        if any(alert.key in each["keys"] for each in self.chains.values()):
            return Told()
        try:
            return (
                self._cancelled(alert, language, now)
                if alert.kind == CANCEL
                else self._said(alert, language, now)
            )
        except AlertError as error:
            return Told((), Sentence.ALERT_NOT_READ.say(alert=_named(alert), reason=str(error)))

    def _said(self, alert: Alert, language: str, now: datetime) -> Told:
        found, sent = self._as_cancelled(alert, incident(alert, language, now))
        # An update from before this site listened begins where its sender says that it began.
        roots = self._current(alert, self._roots(alert) or [beginning(alert)])
        if not roots:
            return Told()
        root, *others = roots
        # One that joins several goes on with the first of them; the others are over.
        ended = [self._ended(each, alert) for each in others]
        self._remember(root, alert, found, sent)
        return Told([Version(root, found, sent), *ended])

    def _cancelled(self, alert: Alert, language: str, now: datetime) -> Told:
        roots = self._roots(alert)
        if not roots:
            # It may come yet: servers list the same moment in any order.
            why = {"sent": alert.sent.isoformat(), "note": alert.note or alert.key}
            self.cancelled.update(dict.fromkeys(alert.references, why))
            return Told((), Sentence.ALERT_CANCELS_UNKNOWN.say(alert=_named(alert)))
        roots = self._current(alert, roots)
        if not alert.infos:
            return Told([self._ended(each, alert) for each in roots])
        found = incident(alert, language, now)
        versions = []
        for each in roots:
            said = self._remembered(each, alert)
            # A cancellation may tell less than what it cancels: it has the text on top.
            text = f"{found.comments}\n\n{said.comments}"
            whole = found._replace(event=found.event or said.event, date=said.date, comments=text)
            versions.append(Version(each, whole, alert.sent, self._place(each)))
            self._remember(each, alert, whole, alert.sent)
        return Told(versions)

    def _current(self, alert: Alert, roots: Sequence[str]) -> list[str]:
        """Return the chains of which an alert is the latest word; the others only note that it came."""
        current = []
        for root in roots:
            former = self.chains.get(root)
            if former is None or alert.sent.isoformat() >= former["sent"]:
                current.append(root)
            else:
                former["keys"] = _joined(former["keys"], alert)
        return current

    def _as_cancelled(self, alert: Alert, found: Incident) -> tuple[Incident, datetime]:
        """Return what an alert says with the cancellation of it that came before it, and the time of that."""
        about = (alert.key,) if alert.kind == ALERT else (alert.key, *alert.references)
        known = [self.cancelled[each] for each in about if each in self.cancelled]
        last = max(known, key=lambda each: each["sent"], default=None)
        sent = alert.sent if last is None else datetime.fromisoformat(last["sent"])
        if last is None or sent < alert.sent:
            return found, alert.sent
        text = f"{CANCEL}: {last['note']}\n\n{found.comments}"
        return (
            found._replace(date=min(found.date, sent), end_date=sent, closed=True, comments=text),
            sent,
        )

    def _ended(self, root: str, alert: Alert) -> Version:
        """Return the incident of a chain as ended by an alert that says nothing more of it."""
        found = self._remembered(root, alert)
        version = Version(root, found, alert.sent, self._place(root))
        self._remember(root, alert, found, alert.sent)
        return version

    def _remembered(self, root: str, alert: Alert) -> Incident:
        said = self.chains[root]["said"]
        begin = datetime.fromisoformat(said["date"])
        note = f"{alert.kind}: {alert.note or alert.key}"
        return Incident(
            said["name"],
            said["event"],
            f"{note}\n\n{said['comments']}",
            min(begin, alert.sent),
            alert.sent,
            True,
            said["severity"],
            None,
        )

    def _place(self, root: str) -> str | None:
        found: str | None = self.chains[root]["said"]["place"]
        return found

    def _roots(self, alert: Alert) -> list[str]:
        """Return the chains that an alert is about, the earliest first."""
        if alert.kind == ALERT:
            return []
        referred = set(alert.references)
        return [root for root, each in self.chains.items() if referred & {root, *each["keys"]}]

    def _remember(self, root: str, alert: Alert, found: Incident, sent: datetime) -> None:
        former = self.chains.get(root, {})
        place = found.place.uuid if found.place else (former.get("said") or {}).get("place")
        self.chains[root] = {
            # What it is about is known by it: an alert that comes after its update is none any more.
            "keys": _joined(former.get("keys", ()), alert),
            "sent": sent.isoformat(),
            "said": {
                "name": found.name,
                "event": found.event,
                "date": found.date.isoformat(),
                "severity": found.severity,
                "comments": found.comments[:LONGEST_TEXT],
                "place": place,
            },
        }


def _joined(keys: Sequence[str], alert: Alert) -> list[str]:
    return list(dict.fromkeys([*keys, *alert.references, alert.key]))[-200:]


def _latest(told: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    latest = sorted(told, key=lambda each: str(told[each]["sent"]))[-MOST_CHAINS:]
    return {each: told[each] for each in latest}


def beginning(alert: Alert) -> str:
    """Return the key of the alert with which the one began that this is about, as far as its sender tells."""
    if alert.kind == ALERT:
        return alert.key
    return min(alert.references, key=lambda each: each.rpartition(",")[2], default=alert.key)


def _named(alert: Alert) -> str:
    return f"{alert.identifier} ({alert.sender})"
