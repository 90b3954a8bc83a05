"""How what is left for one site on a stick is sealed: its passphrase, and taking away what lies there."""

from __future__ import annotations

from typing import Any

from gluon import URL, Field, redirect
from gluon.validators import IS_LENGTH, IS_NOT_EMPTY

from ...active.stick_contents import take_away
from ...adapters import adapter_type
from ...adapters.settings import columns, stored
from ...core.errors import AlreadyRunning, SyncError
from ...site import Repository
from ...site.labels import Translate
from ...ui import look as look
from ...wire.carried.sealing import LONGEST, plain_passphrase, suggestion
from .context import ScreenContext
from .widgets import confirm, form_of, pressed
from .words.errors import errors

#: Name of the setting.
SETTING = "passphrase"


def is_sealed(repository: Repository) -> bool:
    """Return whether what this site leaves for a repository is sealed."""
    return any(
        each.name == SETTING and stored(repository, each)
        for each in adapter_type(repository.apitype).settings
    )


def page(screen: ScreenContext, record: Repository) -> Any:
    """Show and save the passphrase of a repository; take away what lies on its stick."""
    T, here = screen.T, URL("sync", "stick", args=[record.id])
    remove, away = _ask_to_stop(screen, record), _ask_to_take_away(screen, record)
    for each in (remove, away):
        if each.page:
            return each.page
    if remove.agreed:
        _store(screen, record, None)
        screen.session.flash = T("What this site writes from now on is not sealed.")
        redirect(here)
    if away.agreed:
        _take_away(screen, record)
        redirect(here)
    form = _form(T)
    if pressed(screen, form, "seal", onvalidation=lambda sent: _check(T, sent)):
        _store(screen, record, form.vars.passphrase)
        screen.session.flash = T("Saved. Enter the same passphrase at the other site.")
        redirect(URL("sync", "stick"))
    screen.response.view = "sync/stick_seal.html"
    return {
        "title": T("Sealing for %s") % record.name,
        "sealed": is_sealed(record),
        "form": form,
        "example": suggestion(),
        "remove": remove.link,
        "away": away.link,
    }


def _form(T: Translate) -> Any:
    needed = [IS_NOT_EMPTY(), IS_LENGTH(LONGEST)]
    return form_of(
        Field(
            SETTING, "password", label=T("Passphrase"), requires=needed, comment=T("At least 12 characters")
        ),
        Field("again", "password", label=T("The same once more"), requires=needed),
        table_name="seal",
        T=T,
        back=str(URL("sync", "stick")),
    )


def _check(T: Translate, form: Any) -> None:
    setting = next(each for each in adapter_type("stick").settings if each.name == SETTING)
    problem = setting.check(form.vars.passphrase or "") if setting.check else ""
    if problem:
        form.errors.passphrase = T(problem)
    elif plain_passphrase(form.vars.passphrase) != plain_passphrase(form.vars.again or ""):
        form.errors.again = T("The two are not the same.")


def _store(screen: ScreenContext, record: Repository, passphrase: str | None) -> None:
    sealed = screen.site.vault.seal(passphrase)
    own = {each.name: stored(record, each) for each in adapter_type(record.apitype).settings}
    with screen.site.store.transaction():
        record.update(**columns(record.settings, {**own, SETTING: sealed}))


def _take_away(screen: ScreenContext, record: Repository) -> None:
    T = screen.T
    try:
        take_away(record)
    except AlreadyRunning:
        screen.session.flash = look.Problem(
            T("Nothing was taken away: it is being synchronized. Stop that first.")
        )
    except SyncError as error:
        heading = errors(T).get(error.code, error.code)
        screen.session.flash = look.Problem(f"{heading}: {error.explain()}")
    else:
        screen.session.flash = T("It was taken away. Both sites write it again with their next export.")


def _ask_to_stop(screen: ScreenContext, record: Repository) -> Any:
    T = screen.T
    return confirm(
        screen,
        "unseal",
        T("Write in clear for %s?") % record.name,
        T("Whoever finds the stick can then read the records on it. The other site has to do the same."),
        T("Do not seal any more"),
    )


def _ask_to_take_away(screen: ScreenContext, record: Repository) -> Any:
    T = screen.T
    return confirm(
        screen,
        "away",
        T("Take away what lies on the stick between this site and %s?") % record.name,
        T(
            "That helps where the passphrase was changed or forgotten. No record is lost: both sites write again what "
            "the other one has not read. The exchanges of other sites on this stick stay."
        ),
        T("Take away what lies there"),
    )
