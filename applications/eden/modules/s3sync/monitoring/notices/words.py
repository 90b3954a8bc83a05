"""Notices in words: the sentence of each, as on the page, in the mail and in what a webhook gets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ...core.plurals import counted, number
from ...site.labels import Translate
from .outbox import Message
from .rules import THIS_SITE, Kind, Rule, Step


def sentence(T: Translate, rule: Rule, message: Message, name: str) -> str:
    """Return what a message tells.

    Args:
        T: web2py's translator.
        rule: the rule by which it was made.
        message: the message.
        name: of the repository; "" for this site.
    """
    told = _over(T, rule, message, name) if message.step is Step.OVER else _holding(T, rule, message, name)
    return str(told)


def _holding(T: Translate, rule: Rule, message: Message, name: str) -> Any:
    figure = message.figure
    if rule.kind is Kind.FAILED:
        return counted(
            T,
            round(figure),
            "The last synchronization with %(repository)s failed.",
            "The last %(count)s synchronizations with %(repository)s failed.",
            repository=name,
        )
    about = {"repository": name, "count": number(round(abs(figure)))}
    if rule.kind is Kind.SILENT:
        heard = message.made_on - timedelta(hours=figure)
        return T("Nothing was heard of %(repository)s since %(time)s (UTC).") % {
            **about,
            "time": f"{heard:%Y-%m-%d %H:%M}",
        }
    if rule.kind is Kind.CLOCK:
        return T("The clock of %(repository)s is off by %(count)s s.") % about
    if rule.kind is Kind.DISK:
        return T("Only %(count)s MB are free on the disk of this site.") % about
    if message.subject == THIS_SITE:
        return T("Records that wait for a decision: %(count)s.") % about
    return T("Records of %(repository)s that wait for a decision: %(count)s.") % about


def _over(T: Translate, rule: Rule, message: Message, name: str) -> Any:
    about = {"repository": name, "count": number(round(abs(message.figure)))}
    if rule.kind is Kind.FAILED:
        return T("The synchronization with %(repository)s works again.") % about
    if rule.kind is Kind.SILENT:
        return T("%(repository)s was heard again.") % about
    if rule.kind is Kind.CLOCK:
        return T("The clock of %(repository)s is right again.") % about
    if rule.kind is Kind.DISK:
        return T("There is room on the disk of this site again: %(count)s MB are free.") % about
    if message.subject == THIS_SITE:
        return T("Enough was decided. Records that wait for a decision: %(count)s.") % about
    return T("Enough was decided. Records of %(repository)s that wait for a decision: %(count)s.") % about


def condition(T: Translate, rule: Rule) -> str:
    """Return when a rule tells, without the repository."""
    words = {
        Kind.FAILED: T("Failed runs in a row: %s or more"),
        Kind.SILENT: T("Hours of silence: %s or more"),
        Kind.CLOCK: T("Seconds between the clocks: more than %s"),
        Kind.DISK: T("Free megabytes: less than %s"),
        Kind.CONFLICTS: T("Records that wait for a decision: %s or more"),
    }
    return str(words[rule.kind] % number(round(rule.limit)))


def mail(T: Translate, message: Message, told: str, site: str, address: str) -> tuple[str, str]:
    """Return subject and text of a mail.

    Args:
        T: web2py's translator.
        message: the message.
        told: its sentence.
        site: name of this site.
        address: of the page that tells more.
    """
    about = {"told": told, "since": f"{message.since:%Y-%m-%d %H:%M}", "address": address}
    if message.step is Step.OVER:
        text = T("%(told)s\n\nIt had been so since %(since)s (UTC).\n\nWhere to look:\n%(address)s") % about
    else:
        text = T("%(told)s\n\nIt is so since %(since)s (UTC).\n\nWhere to look:\n%(address)s") % about
    return f"{site}: {told}", str(text)
