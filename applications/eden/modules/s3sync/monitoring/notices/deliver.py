"""Sends notices: a mail by the server in the settings, a POST of JSON to a webhook.

Neither has a password, nor what a record or an error message says: those may be about people. What a webhook gets is
signed where the rule has a key (``X-Eden-Signature``); certificates are always checked, and no redirect is followed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from datetime import datetime
from typing import Any

from gluon import current

from ...core.errors import SyncError
from ...core.messages import FailureRecord, Sentence, described
from ...core.text import legible
from ...host.settings import addresses
from ...site import Site
from ...transport.client import Transport
from ...transport.limits import Limits
from . import outbox as outbox
from . import words as words
from .outbox import Channel, Message
from .rules import THIS_SITE
from .stored import StoredRule, find

logger = logging.getLogger("eden.sync")

SIGNATURE = "X-Eden-Signature"
#: The form of what a webhook gets.
VERSION = 1
#: Seconds for the connection, for each silence, and for the whole answer; bytes of the answer.
LIMITS = Limits(connect_timeout=5.0, read_timeout=10.0, answer_time=15.0, reply_size=64_000)
TEST = "test"


def send_due(site: Site) -> int:
    """Send the messages that are due; return how many were delivered. It is committed."""
    delivered = 0
    for message in outbox.due(site):
        stored = find(site, message.rule_id)
        if stored is None or not outbox.claim(site, message):
            continue
        problem = send(site, stored, message)
        outbox.note_outcome(site, message, problem)
        delivered += problem is None
    return delivered


def send(site: Site, stored: StoredRule, message: Message) -> FailureRecord | None:
    """Send one message; return what went wrong, None if nothing did.

    Args:
        site: this site.
        stored: its rule.
        message: the message.
    """
    T = current.T
    repository = site.known_repository(message.subject) if message.subject != THIS_SITE else None
    name = repository.name if repository is not None else ""
    told = words.sentence(T, stored.rule, message, name)
    place = f"repository/{message.subject}" if repository is not None else "index"
    address = f"{site.base_url}/sync/{place}"
    try:
        if message.channel is Channel.MAIL:
            return send_mail(
                site,
                addresses(stored.mail_to),
                *words.mail(T, message, told, site.host.settings.get_system_name(), address),
            )
        about = {
            "rule": stored.rule.kind.value,
            "limit": stored.rule.limit,
            "value": message.figure,
            "repository": name or None,
            "since": _iso(message.since),
            "text": told,
            "see": address,
        }
        return post(site, stored, message.step.value, about)
    except Exception as error:
        # Whatever it is: the others have to be sent, and the page tells it.
        logger.exception("The notice %s could not be sent.", message.id)
        return FailureRecord(None, "", "sync_error", f"{type(error).__name__}: {legible(str(error))}", "")


def send_mail(site: Site, recipients: list[str], subject: str, text: str) -> FailureRecord | None:
    """Send a mail; return what went wrong, None if nothing did."""
    if not recipients:
        # The rule has lost its addresses meanwhile.
        return None
    if site.host.settings.get_mail_server():
        reason = site.host.send_mail(recipients, subject, text)
    else:
        reason = "no mail server is configured here."
    if reason is None:
        return None
    said = Sentence.MAIL_NOT_SENT.say(recipients=", ".join(recipients), reason=reason)
    remedy = Sentence.CHECK_MAIL_SERVER.say()
    return FailureRecord(None, "", "", said.text, remedy.text, described([said], remedy))


def post(site: Site, stored: StoredRule, event: str, about: dict[str, Any]) -> FailureRecord | None:
    """Send JSON to the webhook of a rule; return what went wrong, None if nothing did.

    Args:
        site: this site.
        stored: the rule.
        event: a step, or TEST.
        about: what it is about.
    """
    if not stored.webhook:
        return None
    told = {
        "version": VERSION,
        "event": event,
        "site": site.host.settings.get_system_name(),
        "sent": _iso(site.clock.now()),
        **about,
    }
    body = json.dumps(told, ensure_ascii=False).encode("utf-8")
    try:
        headers = {"Content-Type": "application/json; charset=utf-8"}
        key = site.vault.open(stored.webhook_key)
        if key:
            headers[SIGNATURE] = signature(key, body)
        authorities = site.host.settings.get_sync_ca_bundle()
        with Transport(
            stored.webhook,
            clock=site.clock,
            proxy=site.config().proxy,
            limits=LIMITS,
            verify=authorities or True,
            spool=site.spool,
        ) as line:
            # As it was entered: behind the path there may be a query, and that may be what lets us in.
            line.send("POST", stored.webhook, body, headers)
    except SyncError as error:
        return FailureRecord(
            None,
            "",
            error.code,
            legible(error.message),
            legible(error.hint),
            described([error.said], error.remedy),
        )
    return None


def signature(key: str, body: bytes) -> str:
    """Return the value of the header that proves who sent a body: HMAC with SHA-256 (RFC 2104)."""
    return f"sha256={hmac.new(key.encode('utf-8'), body, hashlib.sha256).hexdigest()}"


def test(site: Site, stored: StoredRule) -> list[tuple[Channel, FailureRecord | None]]:
    """Send a test on each way of a rule; return what went wrong on each, None for nothing."""
    T = current.T
    name = site.host.settings.get_system_name()
    found: list[tuple[Channel, FailureRecord | None]] = []
    if stored.mail_to:
        subject = T("%s: a test of a notice") % name
        text = T("This is how notices come. The rule: %s.") % words.condition(T, stored.rule)
        sent = send_mail(site, addresses(stored.mail_to), str(subject), str(text))
        found.append((Channel.MAIL, sent))
    if stored.webhook:
        about = {
            "rule": stored.rule.kind.value,
            "limit": stored.rule.limit,
            "value": None,
            "repository": None,
            "since": None,
            "text": str(T("%s: a test of a notice") % name),
            "see": f"{site.base_url}/sync/notice",
        }
        found.append((Channel.WEBHOOK, post(site, stored, TEST, about)))
    return found


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
