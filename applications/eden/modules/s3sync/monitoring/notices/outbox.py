"""What holds by the rules, and the messages that are made of it: told once each, whatever number of workers looks.

What holds is a row of ``sync_notice``, which is unique: who makes, turns or removes it makes the messages, too. A
message waits until it is delivered; a later one about the same takes its place, so that nothing piles up while a line
is down.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ...core.messages import FailureRecord, read_failures
from ...core.retry import RUN_DELAYS
from ...site import Site
from .facts import figures
from .rules import Change, Raised, Step, changes
from .stored import StoredRule, all_of

#: How long a message is tried.
LASTS = timedelta(days=1)
#: How long a message that a worker has begun to send belongs to it: longer than a mail and a webhook may take.
CLAIMED = timedelta(minutes=10)
#: Maximum number of messages that one call sends.
AT_ONCE = 50


class Channel(str, enum.Enum):
    """How a message goes."""

    MAIL = "mail"
    WEBHOOK = "webhook"


class MessageState(str, enum.Enum):
    """What became of a message."""

    WAITING = "waiting"
    SENT = "sent"
    OVERTAKEN = "overtaken"
    GIVEN_UP = "given_up"


class Message(NamedTuple):
    """A message.

    Attributes:
        id, rule_id: keys.
        subject: key of the repository, or ``rules.THIS_SITE``.
        channel: how it goes.
        step: what it tells.
        figure: what was found.
        since: since when the notice holds or held (UTC).
        made_on: when it was made (UTC).
        state: what became of it.
        attempts: how often it was tried.
        next_try: when it is tried next (UTC).
        sent_on: when it was delivered (UTC).
        problem: what went wrong the last time.
    """

    id: int
    rule_id: int
    subject: int
    channel: Channel
    step: Step
    figure: float
    since: datetime
    made_on: datetime
    state: MessageState
    attempts: int
    next_try: datetime | None
    sent_on: datetime | None
    problem: FailureRecord | None


def _read(row: Any) -> Message:
    return Message(
        row.id,
        row.rule_id,
        row.repository_id,
        Channel(row.channel),
        Step(row.step),
        row.figure,
        row.since,
        row.made_on,
        MessageState(row.state),
        row.attempts,
        row.next_try,
        row.sent_on,
        next(iter(read_failures([row.problem] if row.problem else None)), None),
    )


def look(site: Site) -> int:
    """Find what has to be told by the rules, and make the messages; return how many. It is committed."""
    rules = {each.id: each for each in all_of(site, only_on=True)}
    held = raised(site)
    if not rules and not held:
        return 0
    known = figures(site, {each.rule.kind for each in rules.values()})
    found = changes([each.rule for each in rules.values()], known, held, site.clock.now())
    return sum(_take(site, rules.get(each.rule_id), each, held) for each in found)


def raised(site: Site) -> dict[tuple[int, int], Raised]:
    """Return (rule, subject) -> the notices that hold."""
    table = site.db.sync_notice
    rows = site.db(table.id > 0).select(table.rule_id, table.repository_id, table.since, table.told_on)
    return {(row.rule_id, row.repository_id): Raised(row.since, row.told_on) for row in rows}


def _take(site: Site, stored: StoredRule | None, change: Change, held: dict[tuple[int, int], Raised]) -> int:
    """Note one change and make its messages, unless another worker has; return how many."""
    try:
        with site.store.transaction():
            if not _note(site, change, held):
                return 0
            _overtake(site, change)
            if stored is None or change.step is Step.DROPPED:
                return 0
            channels = [Channel.MAIL] * bool(stored.mail_to) + [Channel.WEBHOOK] * bool(stored.webhook)
            for channel in channels:
                _make(site, change, channel)
            return len(channels)
    except site.db._adapter.driver.IntegrityError:
        # Another worker has raised it at the same time.
        return 0


def _note(site: Site, change: Change, held: dict[tuple[int, int], Raised]) -> bool:
    db, table, now = site.db, site.db.sync_notice, site.clock.now()
    place = {"rule_id": change.rule_id, "repository_id": change.subject}
    if change.step is Step.RAISED:
        table.insert(**place, since=change.since, told_on=now)
        return True
    former = held[(change.rule_id, change.subject)]
    query = (table.rule_id == change.rule_id) & (table.repository_id == change.subject)
    if change.step is Step.REMINDED:
        return bool(db(query & (table.told_on == former.told_on)).update(told_on=now))
    return bool(db(query).delete())


def _overtake(site: Site, change: Change) -> None:
    table = site.db.sync_notice_message
    query = (table.rule_id == change.rule_id) & (table.repository_id == change.subject)
    site.db(query & (table.state == MessageState.WAITING.value)).update(
        state=MessageState.OVERTAKEN.value, next_try=None
    )


def _make(site: Site, change: Change, channel: Channel) -> None:
    now = site.clock.now()
    site.db.sync_notice_message.insert(
        rule_id=change.rule_id,
        repository_id=change.subject,
        channel=channel.value,
        step=change.step.value,
        figure=change.value,
        since=change.since,
        made_on=now,
        state=MessageState.WAITING.value,
        next_try=now,
    )


# --- messages that wait ------------------------------------------------------------------------------------------


def due(site: Site) -> list[Message]:
    """Return the messages to send now, the oldest first."""
    table = site.db.sync_notice_message
    query = (table.state == MessageState.WAITING.value) & (table.next_try <= site.clock.now())
    return [_read(row) for row in site.db(query).select(orderby=table.id, limitby=(0, AT_ONCE))]


def claim(site: Site, message: Message) -> bool:
    """Return whether this worker may send a message: nobody else does then. It is committed.

    Should the worker die, the message is sent later, perhaps for the second time.
    """
    table = site.db.sync_notice_message
    mine = (table.id == message.id) & (table.state == MessageState.WAITING.value)
    with site.store.transaction():
        return bool(
            site.db(mine & (table.attempts == message.attempts)).update(
                attempts=message.attempts + 1, next_try=site.clock.now() + CLAIMED
            )
        )


def note_outcome(site: Site, message: Message, problem: FailureRecord | None) -> None:
    """Note that a message was delivered, or when it is tried again after 1, 5, 15 and 60 minutes, and each hour."""
    now, table = site.clock.now(), site.db.sync_notice_message
    told: dict[str, Any]
    if problem is None:
        told = {"state": MessageState.SENT.value, "sent_on": now, "next_try": None, "problem": None}
    else:
        again = now + timedelta(minutes=RUN_DELAYS[min(message.attempts, len(RUN_DELAYS) - 1)])
        is_late = again - message.made_on > LASTS
        told = {
            "state": (MessageState.GIVEN_UP if is_late else MessageState.WAITING).value,
            "next_try": None if is_late else again,
            "problem": problem._asdict(),
        }
    with site.store.transaction():
        # One that was overtaken meanwhile has been delivered all the same, or is not tried again.
        waits = table.state == MessageState.WAITING.value
        site.db((table.id == message.id) & (waits if problem else table.id > 0)).update(**told)


def newest(site: Site, most: int) -> list[Message]:
    """Return the last messages, the newest first.

    Args:
        site: this site.
        most: maximum number.
    """
    table = site.db.sync_notice_message
    return [_read(row) for row in site.db(table.id > 0).select(orderby=~table.id, limitby=(0, most))]


def undelivered(site: Site) -> int:
    """Return the number of messages that could not be delivered so far, or were given up within a day."""
    table = site.db.sync_notice_message
    failing = (table.state == MessageState.WAITING.value) & (table.problem != None)  # noqa: E711 - an SQL expression
    lost = (table.state == MessageState.GIVEN_UP.value) & (table.made_on > site.clock.now() - 2 * LASTS)
    return int(site.db(failing | lost).count())


def purge(site: Site, before: datetime) -> None:
    """Remove messages that were made before a time and wait no longer, within the current transaction."""
    table = site.db.sync_notice_message
    ended: Iterable[str] = [each.value for each in MessageState if each is not MessageState.WAITING]
    site.db((table.made_on < before) & table.state.belongs(list(ended))).delete()
