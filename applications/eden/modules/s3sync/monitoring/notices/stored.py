"""Rules of notices as they are stored: found, saved, removed."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...database import own_rows as own_rows
from ...database.tables.fields import live
from ...site import Site
from .rules import OF_A_REPOSITORY, Kind, Rule

TABLES = ("sync_notice", "sync_notice_message")


class StoredRule(NamedTuple):
    """A rule with the ways on which it is told.

    Attributes:
        rule: what it looks at.
        is_on: whether it is switched on.
        mail_to: addresses, by commas; "" for no mail.
        webhook: address that gets a POST; "" for none.
        webhook_key: the key that signs it, encrypted; None without.
    """

    rule: Rule
    is_on: bool
    mail_to: str
    webhook: str
    webhook_key: str | None

    @property
    def id(self) -> int:
        """Its key."""
        return self.rule.id


def all_of(site: Site, *, only_on: bool = False) -> list[StoredRule]:
    """Return the rules, in the order in which they were made.

    Args:
        site: this site.
        only_on: leave out those that are switched off.
    """
    where = {"is_on": True, "deleted": False} if only_on else {"deleted": False}
    found = [_read(row) for row in own_rows.read(site.db, "sync_notice_rule", where)]
    return [each for each in found if each is not None]


def find(site: Site, rule_id: int) -> StoredRule | None:
    """Return a rule by its key, None if there is none."""
    return next((each for each in all_of(site) if each.id == rule_id), None)


def _read(row: Any) -> StoredRule | None:
    """Return a rule from its row, None for one of a kind that this version does not know."""
    if row.kind not in set(Kind):
        return None
    rule = Rule(int(row.id), Kind(row.kind), row.threshold, row.repository_id, row.remind_hours)
    return StoredRule(rule, bool(row.is_on), row.mail_to or "", row.webhook or "", row.webhook_key or None)


def save(site: Site, given: StoredRule) -> int:
    """Store a rule; return its key.

    Args:
        site: this site.
        given: the rule; its ``webhook_key`` as it was entered, or as it is stored; its key is 0 for a new one.
    """
    rule = given.rule
    values = {
        "kind": rule.kind.value,
        "threshold": float(rule.limit),
        "repository_id": rule.repository_id if rule.kind in OF_A_REPOSITORY else None,
        "remind_hours": int(rule.remind_hours),
        "is_on": given.is_on,
        "mail_to": given.mail_to or None,
        "webhook": given.webhook or None,
        "webhook_key": site.vault.seal(given.webhook_key) if given.webhook else None,
    }
    with site.store.transaction():
        if rule.id:
            # With the usual way, for it notes who changed it, and when.
            site.db(site.db.sync_notice_rule.id == rule.id).update(**values)
            return rule.id
        return int(site.db.sync_notice_rule.insert(**values))


def remove(site: Site, rule_id: int) -> None:
    """Remove a rule with what holds by it and what was told; nobody is told that it is over."""
    with site.store.transaction():
        for name in TABLES:
            site.db(site.db[name].rule_id == rule_id).delete()
        site.db(site.db.sync_notice_rule.id == rule_id).delete()


def watches_failures(site: Site, repository_id: int) -> bool:
    """Return whether a rule tells by mail that runs with a repository fail."""
    table = site.db.sync_notice_rule
    query = live(table) & (table.kind == Kind.FAILED.value) & (table.is_on == True)  # noqa: E712 - an SQL expression
    rows = site.db(query).select(table.repository_id, table.mail_to)
    return any(row.mail_to and row.repository_id in (None, repository_id) for row in rows)
