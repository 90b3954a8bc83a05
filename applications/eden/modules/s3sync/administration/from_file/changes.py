"""How a site differs from what a file says: a change for each thing, which can be told or carried out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Callable, NamedTuple

from ...core.errors import StoreFull
from ...database import accounts as accounts
from ...database.tables.fields import live
from ...exchange.scope import ScopeRule
from ...site import Site
from ...site.scoping import invitations as stored_invitations
from ...site.scoping import scopes as scopes
from ...site.scoping.scopes import Prescribes, StoredScope
from .. import invitations as invitations
from .. import scopes as administration_scopes
from .content import AccountInFile, Content, InvitationInFile, ScopeInFile

ADD, CHANGE = "add", "change"


class Change(NamedTuple):
    """Something that is not as the file says.

    Attributes:
        kind: site, account, scope, repository or invitation.
        name: of the thing.
        action: ADD or CHANGE.
        details: what is different, a line each, without secrets.
        act: makes it so, within the current transaction.
    """

    kind: str
    name: str
    action: str
    details: tuple[str, ...]
    act: Callable[[], Any]


def of_site(site: Site, content: Content) -> Iterator[Change]:
    """Yield what is different in the settings of the site itself."""
    row = site.config()
    changed = {
        name: value for name, value in content.preferences.items() if (row[name] or None) != (value or None)
    }
    # "No retries" is a value of its own, and not the usual one.
    changed.update(
        {name: 0 for name, value in content.preferences.items() if value == 0 and row[name] is None}
    )
    if changed:
        details = tuple(f"{name}: {_told(row[name])} -> {_told(value)}" for name, value in changed.items())
        yield Change("site", "this site", CHANGE, details, partial(_set, site, changed))


def _set(site: Site, changed: Mapping[str, Any]) -> None:
    site.config().update_record(**changed)


def _told(value: Any) -> str:
    return "as usual" if value in (None, "") else str(value)


def of_accounts(site: Site, content: Content) -> Iterator[Change]:
    """Yield the accounts that are missing, or have another password."""
    for each in content.accounts:
        key = site.accounts.users([each.email]).get(each.email)
        if key is None:
            yield Change("account", each.email, ADD, (), partial(_make, site, each))
        elif each.password is not None and not accounts.has_password(site.db, key, each.password):
            yield Change(
                "account",
                each.email,
                CHANGE,
                ("password: another one",),
                partial(accounts.set_password, site.db, key, each.password),
            )


def _make(site: Site, account: AccountInFile) -> int:
    assert account.password, "a new account has one, or the file is refused"
    return accounts.create_account(site.db, account.email, account.password, account.name)


def of_scopes(site: Site, content: Content) -> Iterator[Change]:
    """Yield the scopes that are missing, or have other rules."""
    known = {each.scope.name: each for each in scopes.all_of(site)}
    for each in content.scopes:
        present = known.get(each.name)
        details = (*_rules(present, each), *_prescription(present, each))
        if present is None or details:
            yield Change(
                "scope",
                each.name,
                ADD if present is None else CHANGE,
                details,
                partial(
                    administration_scopes.save,
                    site,
                    present and present.id,
                    each.name,
                    each.rules,
                    _prescribed(present, each),
                ),
            )


def _rules(present: StoredScope | None, wanted: ScopeInFile) -> Iterator[str]:
    former = {} if present is None else present.scope.rules
    rules = {each.resource: each for each in wanted.rules}
    for name in (*rules, *(each for each in former if each not in rules)):
        was, shall = former.get(name), rules.get(name)
        if was == shall:
            continue
        if shall is None:
            yield f"{name}: no longer"
        else:
            yield f"{name}: {_rule(shall)}" + (f" (was: {_rule(was)})" if was else "")


def _prescribed(present: StoredScope | None, wanted: ScopeInFile) -> Prescribes | None:
    """Return what shall be prescribed to the sites of a scope."""
    return wanted.prescribes if wanted.says else present and present.prescribes


def _prescription(present: StoredScope | None, wanted: ScopeInFile) -> Iterator[str]:
    shall, was = _prescribed(present, wanted), present and present.prescribes
    if shall is None and was is not None:
        yield "prescribed to its sites: no longer"
    elif shall is not None and shall != was:
        often = f"every {shall.minutes} minutes" if shall.minutes else "as often as each decides"
        wins = ", this site's version stays" if shall.headquarters_win else ""
        yield f"prescribed to its sites: {often}{wins}"


def _rule(rule: ScopeRule) -> str:
    ways = [word for word, allowed in (("read", rule.reads), ("write", rule.writes)) if allowed]
    parts = "" if rule.components else ", without what belongs to them"
    return (" and ".join(ways) or "nothing") + parts + (f", {rule.filter_text}" if rule.filter_text else "")


def of_invitations(site: Site, content: Content) -> Iterator[Change]:
    """Yield the invitations that nobody has, or has taken up: those that wait, or were taken up, are not made again."""
    now = site.clock.now()
    table = site.db[stored_invitations.TABLE]
    for each in content.invitations:
        same = site.db(live(table) & (table.name == each.wish.name)).select(table.used_on, table.expires_on)
        if any(row.used_on is not None or row.expires_on >= now for row in same):
            continue
        details = (f"scope {each.scope}, for {each.wish.days} days; the code goes to {each.code_file}",)
        yield Change("invitation", each.wish.name, ADD, details, partial(_invite, site, each))


def _invite(site: Site, wanted: InvitationInFile) -> None:
    scope = next(each for each in scopes.all_of(site) if each.scope.name == wanted.scope)
    code = invitations.invite(site, scope, wanted.wish).code
    try:
        # Nobody else may read it, and what is there is left alone: it may be a code that somebody has to get yet.
        handle = os.open(wanted.code_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "w", encoding="utf-8") as out:
            out.write(code + "\n")
    except OSError as error:
        raise StoreFull(
            f"The code of {wanted.wish.name} cannot be written to {wanted.code_file}: {error.strerror}. "
            "Nothing was changed.",
            hint="Take another code_file, or move away what is there.",
        ) from error
