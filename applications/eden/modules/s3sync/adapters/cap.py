"""Repositories that are a source of public alerts: a feed (Atom, RSS) of CAP alerts, or one alert at an address.

Alerts become incidents. Nothing is sent. The cursor has what was taken (``wire/alerts/known``).
"""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from ..core.atomic_write import owner_mark
from ..core.errors import (
    ConfigurationError,
    DocumentError,
    NotPermitted,
    PeerBusy,
    PeerFailed,
    PeerRefused,
    PeerUnreachable,
    ProtocolError,
    SyncError,
    TlsFailed,
)
from ..core.messages import Message, Sentence
from ..core.text import shown
from ..exchange.peer import Asking, Capability, Exchange, PullResult
from ..transport.client import Transport
from ..transport.urls import Origin, origin
from ..wire.alerts.cap import MOST_BYTES, Alert, AlertError, read
from ..wire.alerts.feed import MOST_FEED, Entry, entries
from ..wire.alerts.incident import TABLE
from ..wire.alerts.known import Known
from .base import Adapter, Remote, T
from .connection_test import Answer, ConnectionTest, Finding, Question, complete, obstructed
from .lines import Lines
from .settings import Kind, Setting

#: Alerts that are fetched for one page.
AT_ONCE = 20


def _wrong_servers(entered: str) -> str:
    """Return what is wrong with the addresses of other servers."""
    for each in entered.split():
        try:
            origin(each)
        except ConfigurationError:
            return T("Enter addresses with http:// or https://, with blanks between them")
    return ""


class AlertsAdapter(Adapter):
    """A source of alerts, as described above."""

    apitype: ClassVar[str] = "cap"
    label: ClassVar[str] = T("Public alerts (CAP)")
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        (Capability.PULL, Capability.PREVIEW, Capability.TEST)
    )
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting(
            "url",
            T("Address (URL)"),
            T("Address of a feed (Atom or RSS) that lists alerts in the format CAP, or of one such alert."),
            Kind.ADDRESS,
            required=True,
        ),
        Setting(
            "language",
            T("Language of the alerts"),
            T(
                "For alerts in several languages: the code of one, such as en or es. Empty: the first one of each."
            ),
        ),
        Setting(
            "servers",
            T("Other servers"),
            T(
                "Alerts are fetched from the server of the feed alone. If the feed names others, enter their "
                "addresses, such as https://alerts.example.org, with blanks between them."
            ),
            check=_wrong_servers,
        ),
        Setting("username", T("Username"), T("Only if the feed asks for one.")),
        Setting("password", T("Password"), T("Only if the feed asks for one."), Kind.SECRET),
        Setting(
            "proxy",
            T("Proxy Server URL"),
            T("Only where this site reaches the other one through a proxy"),
            Kind.ADDRESS,
        ),
    )
    guide: ClassVar[tuple[str, ...]] = (
        T("Ask the service that issues the alerts for the address of its CAP feed."),
        T("Test the connection: nothing is saved, and nothing is taken."),
        T("Save. No alerts are fetched yet."),
        T("Then add the resource Incidents, to be fetched: alerts become incidents."),
    )

    def __init__(self, remote: Remote, lines: Lines) -> None:
        super().__init__(remote, lines)
        self._lines: dict[Origin, Transport] = {}
        #: What the feed listed at the first look of a run, with its headers; None if it is unchanged.
        self._listed: tuple[list[Entry], str, str] | None = None
        self._asked = False
        self._received = 0
        #: Addresses whose server failed in this run.
        self._put_off: set[str] = set()

    def close(self) -> None:
        """See ``Adapter``."""
        while self._lines:
            self._lines.popitem()[1].close()

    def greet(self) -> None:
        """See ``Adapter``."""
        self._list(Known())

    def test(self, clock_warning: float) -> ConnectionTest:
        """See ``Adapter``: the feed is listed, and the alert that it lists last is read."""
        questions = (Question.SERVER, Question.ALERTS)
        reached = Finding(Question.SERVER, Answer.ANSWERS)
        try:
            listed = self._list(Known())
            assert listed is not None
            looked = [self._read(each) for each in listed[0][-1:]]
            said = "".join(str(each) for each in looked if isinstance(each, Message))
        except DocumentError as error:
            found = [reached, Finding(Question.ALERTS, Answer.NO_FEED, said=error.message)]
            return complete(found, questions=questions)
        except SyncError as error:
            return complete(self._obstacles(error), questions=self._questions(error))
        told = Finding(
            Question.ALERTS, Answer.WRONG_ALERT if said else Answer.LISTED, {"count": len(listed[0])}, said
        )
        return complete([reached, told], questions=questions)

    def pull(self, exchange: Exchange, asking: Asking) -> PullResult:
        """See port ``Peer``."""
        if exchange.resource != TABLE:
            raise ConfigurationError(
                f"Alerts become incidents, and no records of {exchange.resource}.",
                hint=f"Remove this resource from the repository, and add {TABLE}.",
            )
        self._received = 0
        known = Known.read(asking.cursor)
        listed = self._list(known)
        if listed is None:
            return self._page(known, [], [], more=False)
        feed, etag, modified = listed
        waiting = [
            each
            for each in feed
            if known.seen.get(each.address) != each.mark and each.address not in self._put_off
        ]
        alerts, passed_over = [], []
        for entry in waiting[:AT_ONCE]:
            found = self._read(entry)
            if entry.address not in self._put_off:
                known.seen[entry.address] = entry.mark
            if isinstance(found, Alert):
                alerts.append(found)
            else:
                passed_over.append(found)
        records: list[str] = []
        for alert in sorted(alerts, key=lambda each: each.sent):
            told = known.tell(alert, self._entered("language"), self.lines.clock.now())
            records += [each.as_s3xml() for each in told.versions]
            passed_over += [told.passed_over] if told.passed_over else []
        more = len(waiting) > AT_ONCE
        if not more:
            there = {each.address for each in feed}
            known.seen = {address: mark for address, mark in known.seen.items() if address in there}
            # What could not be had is asked for again in the next run, also if nothing else is new.
            known.etag, known.modified = ("", "") if self._put_off else (etag, modified)
        return self._page(known, records, passed_over, more)

    # --- in detail -------------------------------------------------------------------------------------------------

    def _entered(self, name: str) -> str:
        return str(self.remote.settings.get(name) or "")

    def _page(self, known: Known, records: list[str], passed_over: list[Message], more: bool) -> PullResult:
        handle, name = tempfile.mkstemp(prefix=f"sync-{owner_mark()}", suffix=".xml", dir=self.lines.spool)
        head = f'<s3xml success="{"true" if records else "false"}" results="{len(records)}">'
        with os.fdopen(handle, "wb") as out:
            for part in itertools.chain((head,), records, ("</s3xml>",)):
                out.write(part.encode("utf-8"))
        path = Path(name)
        return PullResult(
            path,
            cursor=known.text(),
            more=more,
            received=self._received,
            size=path.stat().st_size,
            passed_over=passed_over,
        )

    def _list(self, known: Known) -> tuple[list[Entry], str, str] | None:
        """Return what the feed lists, with its ETag and time; None if it is as it was. It is asked once a run."""
        if not self._asked:
            url = self._entered("url")
            reply = self._line(origin(url)).get_if_changed(url, MOST_FEED, known.etag, known.modified)
            if reply is None:
                self._listed = None
            else:
                self._received += reply.received
                told = [str(reply.headers.get(name) or "")[:200] for name in ("ETag", "Last-Modified")]
                try:
                    self._listed = entries(reply.body, reply.url), told[0], told[1]
                except AlertError as error:
                    raise DocumentError(
                        f"{reply.url} is no feed of alerts: {error}.",
                        hint="Enter the address of a feed (Atom or RSS) of CAP alerts, or of one alert.",
                        remote=True,
                    ) from error
            self._asked = True
        return self._listed

    def _read(self, entry: Entry) -> Alert | Message:
        """Return the alert of an entry, or why it is passed over: one that cannot be read does not stop the others.

        Raises:
            SyncError: the server cannot be reached; nothing of the page is taken.
        """
        if entry.alert is not None:
            return entry.alert
        name = shown(entry.address, 200)
        if entry.problem:
            return Sentence.ALERT_NOT_READ.say(alert=name, reason=entry.problem)
        try:
            server = origin(entry.address)
            if server not in self._allowed():
                return Sentence.ALERT_ELSEWHERE.say(alert=name)
            reply = self._line(server).get_if_changed(entry.address, MOST_BYTES)
            assert reply is not None
            self._received += reply.received
            return read(reply.body)
        except AlertError as error:
            return Sentence.ALERT_NOT_READ.say(alert=name, reason=str(error))
        except (PeerRefused, NotPermitted, ProtocolError, DocumentError, ConfigurationError) as error:
            return Sentence.ALERT_NOT_READ.say(alert=name, reason=error.message)
        except (PeerFailed, PeerBusy, PeerUnreachable, TlsFailed) as error:
            # Where only this alert fails, the others go on. Where the feed's own server is away, the run is repeated.
            if server == origin(self._entered("url")) and not isinstance(error, PeerFailed):
                raise
            self._put_off.add(entry.address)
            return Sentence.ALERT_NOT_READ.say(alert=name, reason=error.message)

    def _allowed(self) -> Iterator[Origin]:
        yield origin(self._entered("url"))
        yield from map(origin, self._entered("servers").split())

    def _line(self, server: Origin) -> Transport:
        """Return a connection to a server; the account is for that of the feed alone."""
        if server not in self._lines:
            is_own = server == origin(self._entered("url"))
            address = self._entered("url") if is_own else f"{server.scheme}://{_netloc(server)}"
            self._lines[server] = self.lines.http(
                address,
                username=self._entered("username") if is_own else None,
                password=self._entered("password") if is_own else None,
                proxy=self._entered("proxy") or None,
            )
        return self._lines[server]

    def _questions(self, error: SyncError) -> tuple[Question, ...]:
        asks = any(each.question is Question.LOGIN for each in self._obstacles(error))
        return (Question.SERVER, *((Question.LOGIN,) if asks else ()), Question.ALERTS)

    def _obstacles(self, error: SyncError) -> list[Finding]:
        renamed = {Question.REACH: Question.SERVER, Question.KIND: Question.ALERTS}
        words = {
            Answer.PASSWORD: Answer.KEPT_OUT,
            Answer.NO_ACCOUNT: Answer.KEPT_OUT,
            Answer.ROLE: Answer.KEPT_OUT,
        }
        found = []
        for each in obstructed(error, has_account=bool(self._entered("username"))):
            question = renamed.get(each.question, each.question)
            answer = Answer.NO_FEED if question is Question.ALERTS else words.get(each.answer, each.answer)
            found.append(replace(each, question=question, answer=answer))
        return found


def _netloc(server: Origin) -> str:
    host = f"[{server.host}]" if ":" in server.host else server.host
    return urlsplit(f"{server.scheme}://{host}:{server.port}").netloc
