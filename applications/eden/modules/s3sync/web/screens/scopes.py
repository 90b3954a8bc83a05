"""Scopes: what other sites may read and write here, and which of them have which."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

from gluon import FORM, URL, redirect

from ...administration import invitations as invitations
from ...administration import scopes as administration_scopes
from ...administration.invitations import MOST_MINUTES
from ...core.errors import SyncError
from ...core.limits import is_number
from ...database.paging import whole_number
from ...exchange.scope import Scope, ScopeRule
from ...site import Repository
from ...site.labels import resource_title
from ...site.scoping import prescribing as prescribing
from ...site.scoping import scopes as scopes
from ...site.scoping.prescribing import Heard
from ...site.scoping.scopes import Prescribes, StoredScope
from ...site.wanted import tasks as wanted_tasks
from ...wire.protocol.invitation import MOST_RESOURCES
from ...wire.protocol.prescription import LARGEST
from .context import ScreenContext
from .widgets import Confirmation, action_button, confirm, pressed

LONGEST_NAME = 64
#: The place of a problem with the minutes, which is no name of a resource.
MINUTES = "(minutes)"
#: That of one with what is prescribed as a whole.
PRESCRIBED = "(prescribed)"


class ShownRule(NamedTuple):
    """A rule in the form.

    Attributes:
        number: its number, for the names of its controls.
        title: title of its resource.
        rule: what is ticked.
        filters: its conditions as they were entered.
        problem: what is wrong with these, None for nothing.
        lacking: titles of what its records refer to, and which may not be read.
        needed: those of these without which no record can be stored at the other site.
    """

    number: int
    title: str
    rule: ScopeRule
    filters: str
    problem: Any
    lacking: list[str]
    needed: list[str]


class Entered(NamedTuple):
    """What was entered.

    Attributes:
        name: of the scope.
        rules: what is ticked, with the entered conditions.
        problems: resource -> what is wrong with its conditions; "" for the name, MINUTES and PRESCRIBED
            for these.
        prescribes: what is prescribed to sites that have it; None for nothing.
    """

    name: str
    rules: list[tuple[ScopeRule, str]]
    problems: dict[str, Any]
    prescribes: Prescribes | None = None


def page(screen: ScreenContext) -> Any:
    """Show the scopes of this site; make, change or remove one."""
    T, args = screen.T, list(screen.request.args)
    if not args:
        screen.response.view = "sync/scopes.html"
        found = scopes.all_of(screen.site)
        return {
            "title": T("Scopes"),
            "scopes": found,
            "users": scopes.users(screen.site, [each.id for each in found]),
        }
    if args == ["create"]:
        return _form(screen, None, _begun(screen), "")
    key = int(screen.record(screen.db.sync_scope, args[0]).id)
    stored = scopes.find(screen.site, key)
    assert stored is not None
    remove = confirm(
        screen,
        "remove",
        T("Remove the scope %s?") % stored.scope.name,
        [T("No site has it, so nothing changes for any.")],
        T("Remove scope"),
    )
    if remove.page:
        return remove.page
    if remove.agreed:
        if administration_scopes.remove(screen.site, key):
            screen.session.flash = T("The scope was removed.")
        redirect(URL("sync", "scope"))
    return _form(screen, key, stored.scope, remove.link, stored.prescribes)


def _begun(screen: ScreenContext) -> Scope:
    """Return the scope to begin with: what a repository exchanges so far, if one is named."""
    key = whole_number(screen.request.get_vars.repository)
    repository = screen.site.known_repository(key) if key else None
    if repository is None:
        return Scope("")
    tables = sorted({name for _, name in screen.site.checkpoints.states(repository.id) if name})
    known = [name for name in tables if screen.site.schema.get(name) is not None]
    return Scope.of(repository.name, [ScopeRule(name) for name in known])


def _form(
    screen: ScreenContext, key: int | None, stored: Scope, remove: Any, prescribes: Prescribes | None = None
) -> dict[str, Any]:
    T, site, variables = screen.T, screen.site, screen.request.post_vars
    form = FORM()
    accepted = pressed(screen, form, "scope")
    sent = variables._formname == "scope"
    if sent:
        entered = _entered(screen)
    else:
        entered = Entered(
            stored.name, [(each, each.filter_text) for each in stored.rules.values()], {}, prescribes
        )
    saves = not ({"add", "remove"} & variables.keys())
    if accepted and saves and not entered.problems:
        _save(screen, key, entered)
    names = {each.name: resource_title(site, each.name) for each in site.schema if not each.is_super}
    taken = {rule.resource for rule, _ in entered.rules}
    screen.response.view = "sync/scope.html"
    return {
        "title": stored.name if key is not None else T("Add a scope"),
        "form": form,
        "name": entered.name,
        "name_problem": entered.problems.get("") if saves else None,
        "prescribes": entered.prescribes,
        "minutes_problem": entered.problems.get(MINUTES) if saves else None,
        "too_large": entered.problems.get(PRESCRIBED) if saves else None,
        "heard": _heard(screen, key),
        "rules": _shown(screen, entered),
        "choices": sorted(((n, t) for n, t in names.items() if n not in taken), key=lambda each: each[1]),
        "users": scopes.users(site, [key])[key] if key is not None else [],
        "remove": remove,
        "is_new": key is None,
    }


def _entered(screen: ScreenContext) -> Entered:
    T, variables = screen.T, screen.request.post_vars
    name = str(variables.name or "").strip()[:LONGEST_NAME]
    problems: dict[str, Any] = {} if name else {"": T("Enter a value")}
    gone = whole_number(variables.remove) if "remove" in variables else None
    rules: list[tuple[ScopeRule, str]] = []
    for number in itertools.takewhile(lambda each: f"rule-{each}-resource" in variables, itertools.count()):
        base = f"rule-{number}"
        resource, text = (str(variables[f"{base}-{part}"] or "").strip() for part in ("resource", "filters"))
        if number == gone or screen.site.schema.get(resource) is None:
            continue
        told = {
            "resource": resource,
            "read": bool(variables[f"{base}-read"]),
            "write": bool(variables[f"{base}-write"]),
            "components": bool(variables[f"{base}-components"]),
        }
        rule = ScopeRule.from_json(told)
        try:
            rule = ScopeRule.from_json({**told, "filters": text})
            # What a site that is invited, or prescribed to, could not store is refused where it is typed.
            wanted_tasks.read_filters(screen.site, resource, text)
        except SyncError as error:
            problems[resource] = error.explain()
        rules.append((rule, text))
    new = str(variables.new or "") if "add" in variables else ""
    if screen.site.schema.get(new) is not None and all(rule.resource != new for rule, _ in rules):
        rules.append((ScopeRule(new), ""))
    prescribes = _prescribes(screen, problems)
    scope = Scope.of(name, [rule for rule, _ in rules])
    prescription = prescribing.of_scope(StoredScope(0, scope, prescribes))
    if prescription is not None and prescription.is_too_large:
        told = {"resources": MOST_RESOURCES, "characters": LARGEST}
        problems[PRESCRIBED] = (
            T(
                "It is too large: at most %(resources)s resources with %(characters)s characters can be prescribed."
            )
            % told
        )
    return Entered(name, rules, problems, prescribes)


def _prescribes(screen: ScreenContext, problems: dict[str, Any]) -> Prescribes | None:
    """Return what is prescribed by what was entered, None for nothing."""
    T, variables = screen.T, screen.request.post_vars
    if not variables.prescribes:
        return None
    minutes = whole_number(str(variables.minutes or "0").strip() or "0")
    if not is_number(str(variables.minutes or "0").strip() or "0") or (minutes or 0) > MOST_MINUTES:
        problems[MINUTES] = T("Enter a number from 0 to %s") % MOST_MINUTES
        minutes = 0
    return Prescribes(minutes or 0, bool(variables.headquarters_win))


def _heard(screen: ScreenContext, key: int | None) -> dict[int, Heard]:
    """Return what each site with a scope has told of what is prescribed."""
    stored = scopes.find(screen.site, key) if key is not None else None
    if stored is None:
        return {}
    prescription = prescribing.of_scope(stored)
    found = {}
    for each, _ in scopes.users(screen.site, [stored.id])[stored.id]:
        repository = screen.site.repository(each)
        found[each] = prescribing.heard_of(repository.settings, prescription)
    return found


def _shown(screen: ScreenContext, entered: Entered) -> list[ShownRule]:
    site = screen.site
    lacking = administration_scopes.lacking(site.schema, Scope.of("", [rule for rule, _ in entered.rules]))
    shown = []
    for number, (rule, text) in enumerate(entered.rules):
        missing = lacking.get(rule.resource, {})
        shown.append(
            ShownRule(
                number,
                resource_title(site, rule.resource),
                rule,
                text,
                entered.problems.get(rule.resource),
                sorted(resource_title(site, name) for name, needed in missing.items() if not needed),
                sorted(resource_title(site, name) for name, needed in missing.items() if needed),
            )
        )
    return shown


def _save(screen: ScreenContext, key: int | None, entered: Entered) -> None:
    T, site = screen.T, screen.site
    rules = [rule for rule, _ in entered.rules]
    saved = administration_scopes.save(site, key, entered.name, rules, entered.prescribes)
    screen.session.flash = T("Saved. It holds from the next request of each site on.")
    begun = whole_number(screen.request.get_vars.repository)
    repository = site.known_repository(begun) if key is None and begun else None
    if repository is not None:
        administration_scopes.give(repository, saved)
        redirect(URL("sync", "repository", args=[repository.id, "scope"]))
    redirect(URL("sync", "scope"))


def tab(screen: ScreenContext, record: Repository) -> Any:
    """Show which scope a repository has, and let it have another one."""
    T, site = screen.T, screen.site
    found = scopes.all_of(site)
    form = FORM()
    if pressed(screen, form, "give"):
        chosen = whole_number(screen.request.post_vars.scope)
        if chosen is None or any(each.id == chosen for each in found):
            administration_scopes.give(record, chosen)
            screen.session.flash = T("Saved. It holds from the next request of the site on.")
        redirect(URL("sync", "repository", args=[record.id, "scope"]))
    revoke = _revocation(screen, record)
    if revoke.page:
        return revoke.page
    if revoke.agreed:
        invitations.revoke(record)
        screen.session.flash = T("The site was revoked: it gets and brings nothing any more.")
        redirect(URL("sync", "repository", args=[record.id, "scope"]))
    back = action_button("back", T("Approve this site") if record.is_waiting else T("Let it back in"))
    if (record.is_revoked or record.is_waiting) and pressed(screen, back, "back"):
        invitations.let_back_in(record)
        screen.session.flash = T("The site may do again what its scope allows.")
        redirect(URL("sync", "repository", args=[record.id, "scope"]))
    screen.response.view = "sync/repository_scope.html"
    account = site.accounts.email(record.account_id) if record.account_id else None
    return {
        "title": f"{T('Scope')} · {record.name}",
        "form": form,
        "scopes": found,
        "chosen": record.scope_id,
        "revoked": record.is_revoked,
        "waiting": record.is_waiting,
        "revoke": revoke.link,
        "back": back,
        "account": account,
        "titles": {name: resource_title(site, name) for each in found for name in each.scope.rules},
    }


def _revocation(screen: ScreenContext, record: Repository) -> Confirmation:
    T = screen.T
    return confirm(
        screen,
        "revoke",
        T("Revoke %s?") % record.name,
        [
            T("From its next request on the site gets and brings nothing, and is told so."),
            T("What it has stays there, and what it brought stays here. You can let it back in."),
        ],
        T("Revoke this site"),
    )
