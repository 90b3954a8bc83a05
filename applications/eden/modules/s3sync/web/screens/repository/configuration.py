"""A repository: create, test, configure, register and delete it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

from gluon import URL, redirect

from ....active.registration import Introduction, introduce, known_offer
from ....adapters import USUAL, adapter_types
from ....adapters.base import Adapter, Remote
from ....adapters.connection_test import ConnectionTest, unusable, without_address
from ....administration.repositories import delete_repository, store_repository
from ....core.errors import AlreadyRunning, ConfigurationError
from ....database import accounts as accounts
from ....database.paging import whole_number
from ....exchange.peer import Capability
from ....scheduler import jobs as jobs
from ....site import Repository, Site
from ....site.labels import Translate
from ....site.scoping import scopes as scopes
from ....transport.limits import InteractiveLimits
from ....ui import look as look
from ..context import ScreenContext
from ..widgets import Confirmation, action_button, clear_words, confirm, pressed
from ..words import states_and_units as states_and_units
from ..words.resting import resting
from . import connection_test as connection_test
from .form import entered_values, lacking, left_out, repository_form, wants_test
from .secrets import keep_secrets, refuse_another_destination


class Tested(NamedTuple):
    """A connection test for a page.

    Attributes:
        lines: its findings, question by question.
        passed: whether an exchange can begin.
    """

    lines: list[connection_test.TestLine]
    passed: bool


# --- the screens ---------------------------------------------------------------------------------------------


def create(screen: ScreenContext) -> Any:
    """Show the form of a new repository; test the connection, or store and register it."""
    T = screen.T
    kind = _kind(str(screen.request.get_vars.type or USUAL))
    form = repository_form(screen, kind, None)
    tested = None
    if pressed(screen, form, "repository", keepvalues=True):
        if wants_test(screen):
            tested = _test(screen, kind, None, form)
        else:
            repository_id = save_repository(screen, kind, None, form.vars)
            screen.db.commit()
            outcome = _introduce(screen, repository_id)
            first = "sets" if Capability.DATASETS in kind.capabilities else "task"
            tab = first if outcome is None or outcome.succeeded else "update"
            redirect(
                _question(outcome)
                or URL("sync", "repository", args=[outcome.repository_id if outcome else repository_id, tab])
            )
    keep_secrets(screen, kind, None, form)
    screen.response.view = "sync/form.html"
    return {
        "title": T("Add Repository"),
        "form": form,
        "tested": tested,
        "back": URL("sync", "index"),
        "types": _types(T, kind),
        "guide": [T(step) for step in kind.guide],
        "may_wait": Capability.PASSIVE in kind.capabilities,
        "left_out": left_out(T, kind.capabilities),
        "lacking": lacking(T, kind),
    }


def configuration(screen: ScreenContext, record: Repository) -> Any:
    """Show the configuration of a repository; test the connection, store, register again or delete it."""
    T = screen.T
    delete = _ask_to_delete(screen, record)
    if delete.page:
        return delete.page
    if delete.agreed:
        try:
            delete_repository(screen.site, record.id)
        except AlreadyRunning:
            screen.session.flash = look.Problem(
                T("Nothing was deleted: it is being synchronized. Stop that first.")
            )
            redirect(URL("sync", "repository", args=[record.id, "now"]))
        screen.session.flash = T("The repository was deleted. The records that it brought stay.")
        redirect(URL("sync", "index"))
    join = _ask_to_join(screen, record)
    if join.page:
        return join.page
    if join.agreed:
        outcome = _introduce(screen, record.id, whole_number(screen.request.get_vars.same))
        redirect(_tab_of(outcome, ""))
    release = _ask_to_release(screen, record)
    if release.page:
        return release.page
    if release.agreed:
        with screen.site.store.transaction():
            record.update(account_id=None)
        screen.session.flash = screen.T("The next account that uses this repository gets it.")
        redirect(URL("sync", "repository", args=[record.id, "update"]))
    if (record.apitype or USUAL) not in adapter_types():
        # A form of another type would make it one of that type.
        screen.response.view = "sync/resting.html"
        return {"why": resting(T, str(record.apitype)), "delete": delete.link}
    kind = _kind(record.apitype)
    here = URL("sync", "repository", args=[record.id, "update"])
    form = repository_form(screen, kind, record)
    again = action_button("register", T("Register again"))
    tested = None
    same = partial(refuse_another_destination, screen, kind, record)
    if pressed(screen, form, "repository", keepvalues=True, onvalidation=same):
        if wants_test(screen):
            tested = _test(screen, kind, record, form)
        else:
            save_repository(screen, kind, record, form.vars)
            screen.db.commit()
            outcome = _introduce(screen, record.id)
            redirect(_tab_of(outcome, here))
    if pressed(screen, again, "register"):
        redirect(_tab_of(_introduce(screen, record.id), here))
    keep_secrets(screen, kind, record, form)
    offer = known_offer(record)
    screen.response.view = "sync/update.html"
    return {
        "form": form,
        "tested": tested,
        "warning": clear_words(T, record.url),
        "speaks": Capability.REGISTER in kind.capabilities,
        "left_out": left_out(T, kind.capabilities),
        "lacking": lacking(T, kind),
        "register": again if Capability.REGISTER in kind.capabilities and record.can_ask else "",
        "delete": delete.link,
        "account": account_of(record) if record.account_id else None,
        "release": release.link,
        "type": T(kind.label),
        "offer": offer.offer if offer else None,
        "skew": _rounded(record.skew),
        "clock_warning": screen.site.host.settings.get_sync_clock_warning(),
        "abilities": connection_test.abilities(T, kind, record.capabilities),
        "address": screen.site.base_url,
    }


def _types(T: Translate, kind: type[Adapter]) -> list[tuple[str, Any, bool]]:
    """Return name and label of each type, and whether it is chosen; the usual one first."""
    found = sorted(adapter_types().items(), key=lambda each: each[0] != USUAL)
    return [(name, T(each.label), name == kind.apitype) for name, each in found]


def _kind(apitype: str | None) -> type[Adapter]:
    return adapter_types().get(apitype or USUAL) or adapter_types()[USUAL]


def _tab_of(outcome: Introduction | None, otherwise: str) -> str:
    if outcome is None:
        return otherwise
    return _question(outcome) or str(URL("sync", "repository", args=[outcome.repository_id, "update"]))


def _question(outcome: Introduction | None) -> str | None:
    """Return the address of the question whether two repositories are the same site, None if there is none."""
    if outcome is None or outcome.same_as is None:
        return None
    asked = {"ask": "join", "same": outcome.same_as}
    return str(URL("sync", "repository", args=[outcome.repository_id, "update"], vars=asked))


def account_of(record: Repository) -> str:
    """Return the account that a repository belongs to, for people."""
    return record.site.accounts.email(record.account_id) or f"#{record.account_id}"


def _rounded(skew: Any) -> int | None:
    return None if skew is None else round(float(skew))


# --- the test ------------------------------------------------------------------------------------------------


def _test(screen: ScreenContext, kind: type[Adapter], record: Repository | None, form: Any) -> Tested:
    """Test the connection with the entered values; nothing is stored."""
    remote = _entered(screen, kind, record, form.vars)
    result, taken, suggestions = _asked(screen, kind, remote)
    if result.offer is not None:
        control = form.element("input[name=name]")
        if control is not None and not remote.name:
            control["_value"] = control["value"] = result.offer.name[:64]
    for name, value in suggestions.items():
        control = form.element(f"input[name={name}]")
        if control is not None and not remote.settings.get(name):
            control["_value"] = control["value"] = value
    return Tested(connection_test.told(screen.T, kind, result, taken), result.passed)


def _entered(screen: ScreenContext, kind: type[Adapter], record: Repository | None, values: Any) -> Remote:
    """Return the repository with the values of the form."""
    site = screen.site
    given = entered_values(screen, kind, record, values)
    opened = {
        each.name: site.vault.open(given[each.name]) if each.secret else given[each.name]
        for each in kind.settings
        if given[each.name]
    }
    return Remote(
        record.id if record else 0,
        record.uuid if record else None,
        (values.name or "").strip(),
        site.config().uuid,
        site.host.settings.get_system_name(),
        opened,
        record.usable_capabilities if record else frozenset(),
    )


def _asked(
    screen: ScreenContext, kind: type[Adapter], remote: Remote
) -> tuple[ConnectionTest, str | None, Mapping[str, str]]:
    """Return the test, the name of another repository for the same site, if there is one, and what it suggests."""
    site = screen.site
    if kind.missing(remote.settings):
        return without_address(), None, {}
    # Ends the read transaction: the test may take long.
    site.db.commit()
    try:
        with site.connect(kind.apitype, remote, InteractiveLimits()) as peer:
            result = peer.test(screen.site.host.settings.get_sync_clock_warning())
            suggestions = peer.suggested(result)
    except ConfigurationError as error:
        return unusable(error), None, {}
    return result, _taken(site, remote, result), suggestions


def _taken(site: Site, remote: Remote, result: ConnectionTest) -> str | None:
    if result.offer is None:
        return None
    other = site.known_repository(result.offer.uuid)
    # One without an address is the same site, which has registered here before.
    return other.name if other is not None and other.id != remote.id and other.can_ask else None


# --- storing, registering, deleting --------------------------------------------------------------------------


def save_repository(
    screen: ScreenContext, kind: type[Adapter], record: Repository | None, values: Any
) -> int:
    """Store the values of the form; return the repository."""
    given = entered_values(screen, kind, record, values)
    screen.session.sync_secrets = None
    uuid = values.uuid.strip() if record is not None and values.uuid else None
    return store_repository(screen.site, record, kind.apitype, values.name.strip(), given, uuid)


def _introduce(screen: ScreenContext, repository_id: int, join: int | None = None) -> Introduction | None:
    """Register this site at a repository and show the result; return None if it cannot be asked."""
    T, session = screen.T, screen.session
    repository = screen.site.repository(repository_id)
    if Capability.REGISTER not in _kind(repository.apitype).capabilities:
        session.flash = T("Saved.")
        return None
    if not repository.can_ask:
        session.flash = T("Saved. Without an address this site waits for the other one to begin.")
        return None
    outcome = introduce(screen.site, repository_id, join)
    if outcome.same_as is not None:
        return outcome
    if outcome.error is not None:
        session.flash = look.Problem(T("Saved, but the registration failed: %s") % outcome.error.explain())
        return outcome
    answer = outcome.registration
    skew = answer.skew if answer else None
    if answer and skew is not None and abs(skew) > screen.site.host.settings.get_sync_clock_warning():
        session.flash = T(
            "Saved and registered at the other site, but the clocks of the two sites differ by %s."
        ) % states_and_units.span(T, abs(skew))
    else:
        session.flash = T("Saved, and registered at the other site: %s") % (answer.message if answer else "")
    return outcome


def _ask_to_join(screen: ScreenContext, record: Repository) -> Any:
    """Ask whether the repository and another one, which registered here by itself, are the same site."""
    T = screen.T
    other = screen.site.known_repository(whole_number(screen.request.get_vars.same))
    return confirm(
        screen,
        "join",
        T("Are %(one)s and %(other)s the same site?")
        % {"one": record.name, "other": other.name if other else "?"},
        lambda: [
            T(
                "The site at %(address)s says that it is %(other)s, which registered here with the account "
                "%(account)s. If that is true, the two become one repository. If you are not sure, ask the "
                "administrator of the other site: a site that only claims it would get the place of the real one."
            )
            % {
                "address": record.where,
                "other": other.name if other else "?",
                "account": account_of(other) if other and other.account_id else "?",
            },
            T("Until then nothing is exchanged with this address."),
        ],
        T("Yes, they are the same"),
    )


def _is_bound(record: Repository) -> bool:
    """Return whether the account of a repository may do less than others, as long as the repository says so."""
    return record.is_revoked or scopes.given_to(record) is not None


def _ask_to_release(screen: ScreenContext, record: Repository) -> Any:
    if _is_bound(record):
        # Forgotten here, it could ask without a name, and get everything.
        return Confirmation(
            screen.T("The account is kept as long as it has a scope, or is revoked."), False, None
        )
    return confirm(
        screen,
        "release",
        screen.T("Let another account use the repository %s?") % record.name,
        screen.T(
            "The account as which the other site logs in here is forgotten. The first account that names this "
            "repository from now on gets it; others are refused."
        ),
        screen.T("Release the account"),
    )


def _ask_to_delete(screen: ScreenContext, record: Repository) -> Any:
    return confirm(
        screen,
        "delete",
        screen.T("Delete the repository %s?") % record.name,
        lambda: _what_is_deleted(screen, record),
        screen.T("Delete repository"),
        back=URL("sync", "repository", args=[record.id, "update"]),
    )


def _what_is_deleted(screen: ScreenContext, record: Repository) -> list[Any]:
    T, db = screen.T, screen.db
    counts = {
        "resources": len(record.task_rows),
        "jobs": len(jobs.jobs_of(db, record.id)),
        "entries": db(db.sync_log.repository_id == record.id).count(),
    }
    return [
        T(
            "The exchange with this site ends. Deleted are its resources (%(resources)s), its schedule (%(jobs)s), "
            "its log (%(entries)s), its runs, and how far the exchange has come. This cannot be undone."
        )
        % counts,
        T(
            "All records that were exchanged stay, at both sites, and so do conflicts and rejected records on which "
            "somebody still has to decide."
        ),
        T(
            "The other site is not told: it keeps its own entry for this site. If you connect the two again later, "
            "all records are compared once more."
        ),
        *_what_its_account_could_do(screen, record),
    ]


def _what_its_account_could_do(screen: ScreenContext, record: Repository) -> list[Any]:
    if record.account_id is None or not _is_bound(record) or accounts.is_made(screen.db, record.account_id):
        return []
    return [
        screen.T(
            "The account %s can log in as before, and could register anew, without a scope: disable it too."
        )
        % account_of(record)
    ]
