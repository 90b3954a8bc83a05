"""A repository: make it, test the connection, its configuration, its registration, its end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Callable, NamedTuple

from gluon import BUTTON, INPUT, SQLFORM, URL, Field, redirect
from gluon.validators import IS_EMPTY_OR, IS_LENGTH, IS_NOT_EMPTY

from .. import jobs
from ..adapters import adapter_types
from ..adapters.base import Setting
from ..administration.repositories import delete_repository
from ..errors import AlreadyRunning, ConfigurationError
from ..model import utcnow
from ..probe import Probe, probe, unusable, without_address
from ..registration import Introduction, introduce, known_offer
from ..site import Site
from ..titles import Translate
from ..transport import Hurry
from ..ui.forms import form_rows
from . import connection, wording
from .desk import Desk
from .widgets import action_button, confirm, pressed, web_address

USUAL_TYPE = "eden"
#: How long a password that was typed for a test waits for being saved.
PASSWORD_WAITS = timedelta(minutes=10)


class Entered(NamedTuple):
    """A repository as it stands in the form, as ``Site.peer`` takes it; columns that no form has stay empty."""

    id: int
    uuid: str | None
    name: str
    apitype: str
    url: str | None
    username: str | None
    password: str | None
    proxy: str | None
    path: str | None
    capabilities: Sequence[str]


class Tested(NamedTuple):
    """A connection test for a page.

    Attributes:
        lines: question by question.
        passed: whether an exchange can begin.
    """

    lines: list[connection.Told]
    passed: bool


# --- the screens ---------------------------------------------------------------------------------------------


def create(desk: Desk) -> Any:
    """Show the form of a new repository; test the connection, or store it and register at it."""
    T = desk.T
    apitype = str(desk.request.get_vars.type or USUAL_TYPE)
    kind = adapter_types().get(apitype) or adapter_types()[USUAL_TYPE]
    form = repository_form(desk, kind, None)
    tested = None
    if pressed(desk, form, "repository", keepvalues=True):
        if _wants_test(desk):
            tested = _test(desk, kind, None, form)
        else:
            repository_id = save_repository(desk, kind, None, form.vars)
            desk.db.commit()
            outcome = _introduce(desk, repository_id)
            tab = "task" if outcome is None or outcome.succeeded else "update"
            redirect(
                URL("sync", "repository", args=[outcome.repository_id if outcome else repository_id, tab])
            )
    _keep_secrets(desk, kind, None, form)
    desk.response.view = "sync/form.html"
    return {
        "title": T("Add Repository"),
        "form": form,
        "tested": tested,
        "back": URL("sync", "index"),
        "types": [(name, T(each.label), name == kind.apitype) for name, each in adapter_types().items()],
        "address": desk.site.base_url,
    }


def configuration(desk: Desk, record: Any) -> Any:
    """Show the configuration of a repository; test the connection, store it, register again, delete."""
    T = desk.T
    delete = _ask_to_delete(desk, record)
    if delete.page:
        return delete.page
    if delete.agreed:
        try:
            delete_repository(desk.site, record.id)
        except AlreadyRunning:
            desk.session.flash = T("Nothing was deleted: it is being synchronized. Stop that first.")
            redirect(URL("sync", "repository", args=[record.id, "now"]))
        desk.session.flash = T("The repository was deleted. The records that it brought stay.")
        redirect(URL("sync", "index"))
    kind = adapter_types().get(record.apitype) or adapter_types()[USUAL_TYPE]
    here = URL("sync", "repository", args=[record.id, "update"])
    form = repository_form(desk, kind, record)
    again = action_button("register", T("Register again"))
    tested = None
    if pressed(desk, form, "repository", keepvalues=True):
        if _wants_test(desk):
            tested = _test(desk, kind, record, form)
        else:
            save_repository(desk, kind, record, form.vars)
            desk.db.commit()
            outcome = _introduce(desk, record.id)
            redirect(_tab_of(outcome, here))
    if pressed(desk, again, "register"):
        redirect(_tab_of(_introduce(desk, record.id), here))
    _keep_secrets(desk, kind, record, form)
    offer = known_offer(record)
    desk.response.view = "sync/update.html"
    return {
        "form": form,
        "tested": tested,
        "register": again if record.url else "",
        "delete": delete.link,
        "type": T(kind.label),
        "offer": offer.offer if offer else None,
        "skew": _rounded((record.settings or {}).get("skew")),
        "clock_warning": desk.site.host.settings.get_sync_clock_warning(),
        "abilities": connection.abilities(T, record.capabilities),
        "address": desk.site.base_url,
    }


def _tab_of(outcome: Introduction | None, otherwise: str) -> str:
    if outcome is None:
        return otherwise
    return str(URL("sync", "repository", args=[outcome.repository_id, "update"]))


def _rounded(skew: Any) -> int | None:
    return None if skew is None else round(float(skew))


# --- the form ------------------------------------------------------------------------------------------------


def repository_form(desk: Desk, kind: Any, record: Any) -> Any:
    """Return the form of a repository, from what its type declares; secrets never go to the browser.

    Args:
        desk: who asks for it.
        kind: class of the adapter.
        record: the repository, None for a new one.
    """
    T, db = desk.T, desk.db
    # A test needs no name; the other site may tell one.
    named: list[Any] = [IS_LENGTH(64)] if _wants_test(desk) else [IS_NOT_EMPTY(), IS_LENGTH(64)]
    fields = [
        Field(
            "name",
            label=T("Name"),
            default=record and record.name,
            requires=named,
            comment=T("What this site calls the other one"),
        )
    ]
    fields += [_field(desk, each, record) for each in kind.settings]
    if record:
        table = db.sync_repository
        fields.append(
            Field(
                "uuid",
                label=T("Repository UUID"),
                default=record.uuid,
                requires=[IS_NOT_EMPTY(), IS_LENGTH(128), _unique(db(table.id != record.id), table.uuid, T)],
                comment=T("How the other site identifies itself; filled in by the registration"),
            )
        )
    test = BUTTON(
        T("Test the connection"),
        _type="submit",
        _name="test",
        _value="1",
        _class="btn btn-outline-primary",
        _id="test-connection",
        _formaction=URL(args=desk.request.args, vars=desk.request.get_vars) + "#test",
    )
    save = INPUT(_type="submit", _value=T("Save and register"), _class="btn btn-primary", _id="save")
    return SQLFORM.factory(
        *fields, formstyle=form_rows, separator="", table_name="repository", buttons=[save, " ", test]
    )


def _field(desk: Desk, setting: Setting, record: Any) -> Field:
    T = desk.T
    comment = T(setting.help) if setting.help else None
    value = record[setting.name] if record and not setting.secret else None
    if setting.secret:
        if _kept_secret(desk, record, setting.name):
            comment = _kept_words(T)
        elif record and record[setting.name]:
            comment = T("Leave empty to keep the present one")
        return Field(setting.name, "password", label=T(setting.label), requires=None, comment=comment)
    if setting.kind == "flag":
        return Field(setting.name, "boolean", label=T(setting.label), default=bool(value), comment=comment)
    requires = IS_EMPTY_OR(web_address(T)) if setting.kind == "address" else IS_EMPTY_OR(IS_LENGTH(512))
    return Field(setting.name, label=T(setting.label), default=value, requires=requires, comment=comment)


def _unique(rows: Any, field: Any, T: Translate) -> Callable[[Any], tuple[Any, Any]]:
    def check(value: Any, record_id: Any = None) -> tuple[Any, Any]:
        taken = not rows(field == value).isempty()
        return value, T("Another repository has this UUID already") if taken else None

    return check


def _wants_test(desk: Desk) -> bool:
    return bool(desk.request.post_vars.test)


# --- secrets between two requests ----------------------------------------------------------------------------


def _kept_words(T: Translate) -> Any:
    return T("What you typed is kept for ten minutes. Leave this empty to use it, or type it again.")


def _kept_secret(desk: Desk, record: Any, name: str) -> str | None:
    """Return what was typed a moment ago and not saved, sealed; None where there is nothing."""
    kept = desk.session.sync_secrets
    if not kept or kept["of"] != (record.id if record else 0):
        return None
    if datetime.fromisoformat(kept["until"]) < utcnow():
        return None
    found: str | None = kept["sealed"].get(name)
    return found


def _keep_secrets(desk: Desk, kind: Any, record: Any, form: Any) -> None:
    """Take typed secrets out of the page and keep them, sealed, until the person saves."""
    typed = {}
    for setting in kind.settings:
        if not setting.secret:
            continue
        control = form.element(f"input[name={setting.name}]")
        if control is not None:
            control["value"] = control["_value"] = None
            control["_autocomplete"] = "new-password"
        value = desk.request.post_vars[setting.name]
        sealed = desk.site.vault.seal(value) if value else _kept_secret(desk, record, setting.name)
        if sealed:
            typed[setting.name] = sealed
            for help_text in form.elements(f"#repository_{setting.name}__row__help"):
                help_text.components[:] = [_kept_words(desk.T)]
    if typed and desk.request.env.request_method == "POST":
        until = utcnow() + PASSWORD_WAITS
        desk.session.sync_secrets = {
            "of": record.id if record else 0,
            "until": until.isoformat(),
            "sealed": typed,
        }


def _secret(desk: Desk, record: Any, setting: Setting, values: Any) -> str | None:
    """Return a secret as it is to be stored: typed now, typed for a test, or stored before."""
    if values[setting.name]:
        return desk.site.vault.seal(values[setting.name])
    return _kept_secret(desk, record, setting.name) or (record[setting.name] if record else None)


# --- the test ------------------------------------------------------------------------------------------------


def _test(desk: Desk, kind: Any, record: Any, form: Any) -> Tested:
    """Test the connection to what was entered; nothing is stored."""
    values = _entered(desk, kind, record, form.vars)
    result, taken = _probe(desk, values)
    if result.offer is not None:
        control = form.element("input[name=name]")
        if control is not None and not values.name:
            control["_value"] = control["value"] = result.offer.name[:64]
    return Tested(connection.told(desk.T, result, taken), result.passed)


def _entered(desk: Desk, kind: Any, record: Any, values: Any) -> Entered:
    given: dict[str, Any] = dict.fromkeys(("url", "username", "password", "proxy", "path"))
    for setting in kind.settings:
        if setting.name in given:
            secret = setting.secret
            given[setting.name] = (
                _secret(desk, record, setting, values) if secret else values[setting.name]
            ) or None
    return Entered(
        id=record.id if record else 0,
        uuid=record.uuid if record else None,
        name=(values.name or "").strip(),
        apitype=kind.apitype,
        capabilities=(record.capabilities if record else None) or (),
        **given,
    )


def _probe(desk: Desk, entered: Entered) -> tuple[Probe, str | None]:
    """Return the test, and the name of another repository that stands for that site already."""
    site = desk.site
    if not entered.url:
        return without_address(), None
    # Ends the reading transaction: the line may take its time.
    site.db.commit()
    try:
        with site.peer(entered, Hurry()) as peer:
            result = probe(
                peer,
                has_account=bool(entered.username),
                clock_warning=desk.site.host.settings.get_sync_clock_warning(),
            )
    except ConfigurationError as error:
        return unusable(error), None
    return result, _taken(site, entered, result)


def _taken(site: Site, entered: Entered, result: Probe) -> str | None:
    if result.offer is None:
        return None
    other = site.repository_of(result.offer.uuid)
    # One without an address is the same site, which introduced itself here before.
    return other.name if other is not None and other.id != entered.id and other.url else None


# --- storing, registering, deleting --------------------------------------------------------------------------


def save_repository(desk: Desk, kind: Any, record: Any, values: Any) -> int:
    """Store what was entered in the repository form; return the repository."""
    entered: dict[str, Any] = {"name": values.name.strip(), "apitype": kind.apitype}
    for setting in kind.settings:
        if setting.secret:
            entered[setting.name] = _secret(desk, record, setting, values)
        elif setting.kind == "flag":
            entered[setting.name] = bool(values[setting.name])
        else:
            entered[setting.name] = (values[setting.name] or "").strip() or None
    desk.session.sync_secrets = None
    if record is None:
        return int(desk.db.sync_repository.insert(**entered))
    if values.uuid:
        entered["uuid"] = values.uuid.strip()
    record.update_record(**entered)
    return int(record.id)


def _introduce(desk: Desk, repository_id: int) -> Introduction | None:
    """Introduce this site to a repository and tell the person how that went; None where there is no address."""
    T, session = desk.T, desk.session
    if not desk.db.sync_repository(repository_id).url:
        session.flash = T("Saved. Without an address this site waits for the other one to begin.")
        return None
    outcome = introduce(desk.site, repository_id)
    if outcome.error is not None:
        session.flash = T("Saved, but the registration failed: %s") % outcome.error.explain()
        return outcome
    answer = outcome.registration
    skew = answer.skew if answer else None
    if answer and skew is not None and abs(skew) > desk.site.host.settings.get_sync_clock_warning():
        session.flash = T(
            "Saved and registered at the other site, but the clocks of the two sites differ by %s."
        ) % wording.seconds(T, round(abs(skew)))
    else:
        session.flash = T("Saved, and registered at the other site: %s") % (answer.message if answer else "")
    return outcome


def _ask_to_delete(desk: Desk, record: Any) -> Any:
    T, db = desk.T, desk.db
    counts = {
        "resources": len(desk.site.task_rows(record.id)),
        "jobs": len(jobs.jobs_of(db, record.id)),
        "entries": db(db.sync_log.repository_id == record.id).count() if desk.request.get_vars.ask else 0,
    }
    return confirm(
        desk,
        "delete",
        T("Delete the repository %s?") % record.name,
        [
            T(
                "The exchange with this site ends. Deleted are its resources (%(resources)s), its schedule "
                "(%(jobs)s), its log (%(entries)s), its runs, and how far the exchange has come. This cannot be undone."
            )
            % counts,
            T(
                "All records that were exchanged stay, at both sites, and so do conflicts and rejected records on "
                "which somebody still has to decide."
            ),
            T(
                "The other site is not told: it keeps its own entry for this site. If you connect the two again "
                "later, all records are compared once more."
            ),
        ],
        T("Delete repository"),
        back=URL("sync", "repository", args=[record.id, "update"]),
    )
