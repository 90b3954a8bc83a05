"""The form of a repository, made from the settings of its type."""

from __future__ import annotations

from typing import Any, Callable

from gluon import BUTTON, INPUT, SQLFORM, URL, Field
from gluon.validators import IS_EMPTY_OR, IS_IN_SET, IS_LENGTH, IS_NOT_EMPTY

from ....adapters.base import Adapter
from ....adapters.lines import FolderProblem, Lines
from ....adapters.settings import Kind, Setting, stored
from ....exchange.peer import Capability
from ....site import Repository
from ....site.labels import Translate
from ....ui.forms import form_rows
from ..context import ScreenContext
from ..widgets import web_address
from .secrets import entered_before, kept_secret, kept_words, secret_field


def repository_form(screen: ScreenContext, kind: type[Adapter], record: Repository | None) -> Any:
    """Return the form of a repository, from the settings of its type; secrets are never sent to the browser.

    Args:
        screen: the context.
        kind: class of the adapter.
        record: the repository, None for a new one.
    """
    T, db = screen.T, screen.db
    # A test needs no name; the other site may send one.
    named: list[Any] = [IS_LENGTH(64)] if wants_test(screen) else [IS_NOT_EMPTY(), IS_LENGTH(64)]
    fields = [
        Field(
            "name",
            label=T("Name"),
            default=record and record.name,
            requires=named,
            comment=T("What this site calls the other one"),
        )
    ]
    fields += [_field(screen, kind, each, record) for each in kind.settings]
    if record and Capability.REGISTER in kind.capabilities:
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
    registers = Capability.REGISTER in kind.capabilities
    save = INPUT(
        _type="submit",
        _value=T("Save and register") if registers else T("Save"),
        _class="btn btn-primary",
        _id="save",
    )
    buttons = [save]
    if Capability.TEST in kind.capabilities:
        buttons += [" ", _test_button(screen)]
    return SQLFORM.factory(
        *fields, formstyle=form_rows, separator="", table_name="repository", buttons=buttons
    )


def _test_button(screen: ScreenContext) -> Any:
    return BUTTON(
        screen.T("Test the connection"),
        _type="submit",
        _name="test",
        _value="1",
        _class="btn btn-outline-primary",
        _id="test-connection",
        _formaction=URL(args=screen.request.args, vars=screen.request.get_vars) + "#test",
    )


def _field(screen: ScreenContext, kind: type[Adapter], setting: Setting, record: Repository | None) -> Field:
    T = screen.T
    label = T(setting.label)
    comment = T(setting.help) if setting.help else None
    value = stored(record, setting) if record else None
    if setting.secret:
        posted = screen.request.post_vars
        shown = posted if posted else entered_before(kind, record)
        if kept_secret(screen, kind, record, setting.name, shown):
            comment = kept_words(T)
        elif value:
            comment = T("Leave empty to keep the present one")
        checked = IS_EMPTY_OR(_checked(screen, setting)) if setting.check else None
        return Field(setting.name, "password", label=label, requires=checked, comment=comment)
    if setting.kind is Kind.BOOLEAN:
        return Field(setting.name, "boolean", label=label, default=bool(value), comment=comment)
    if setting.kind is Kind.CHOICE:
        choices = [(each, T(words)) for each, words in setting.choices]
        requires: Any = IS_IN_SET(choices, zero=None)
        return Field(
            setting.name, label=label, default=value or choices[0][0], requires=requires, comment=comment
        )
    requires = [IS_LENGTH(512), _checked(screen, setting)]
    if setting.required and Capability.PASSIVE not in kind.capabilities:
        requires = [IS_NOT_EMPTY(), *requires]
    else:
        requires = IS_EMPTY_OR(requires)
    return Field(setting.name, label=label, default=value, requires=requires, comment=comment)


def _checked(screen: ScreenContext, setting: Setting) -> Callable[..., tuple[Any, Any]]:
    """Return a validator for a setting of a type."""
    T = screen.T

    def check(value: Any, record_id: Any = None) -> tuple[Any, Any]:
        value = str(value).strip()
        if setting.correct is not None:
            value = setting.correct(value)
        if setting.kind is Kind.ADDRESS:
            value, problem = web_address(T, setting.schemes)(value)
            if problem:
                return value, problem
        if setting.kind is Kind.PATH:
            problem = folder_words(T, screen.site.lines(), value)
            if problem:
                return value, problem
        problem = setting.check(value) if setting.check else ""
        return value, T(problem) if problem else None

    return check


def folder_words(T: Translate, lines: Lines, path: str) -> Any:
    """Return why a folder of this machine cannot be used, and what to do; None if it can."""
    problem = lines.folder_problem(path)
    if problem is None:
        return None
    return {
        FolderProblem.NO_ROOTS: T(
            "This site may not use folders of its machine. The operator has to name the allowed ones: setting "
            "folder_roots in section [sync] of private/appconfig.ini."
        ),
        FolderProblem.NOT_ALLOWED: T("Enter the whole path of a folder below: %s") % lines.roots_in_words,
        FolderProblem.NOT_THERE: T("There is no such folder on this machine."),
        FolderProblem.NO_RIGHTS: T("Let the account under which the worker runs read and write the folder."),
    }[problem]


def left_out(T: Translate, capabilities: frozenset[Capability]) -> list[Any]:
    """Return in words what a repository type does not exchange."""
    words = {
        Capability.PULL: T("Records are only sent, not fetched."),
        Capability.PUSH: T("Records are only fetched, not sent."),
        Capability.FILES: T("Files, for example pictures, do not travel with the records."),
        Capability.FILTERS: T("Conditions hold for what is sent; what is fetched comes whole.")
        if Capability.PUSH in capabilities
        else T("What is fetched comes whole: conditions on it are not possible."),
    }
    return [text for capability, text in words.items() if capability not in capabilities]


def lacking(T: Translate, kind: type[Adapter]) -> Any:
    """Return what has to be installed before a repository can be of this type, None where nothing is missing."""
    file = kind.lacks()
    if not file:
        return None
    return (
        T(
            "This machine cannot do that yet: a package is missing. The operator installs what the file %s names, and "
            "starts the site and its worker anew; the operations guide tells how."
        )
        % file
    )


def _unique(rows: Any, field: Any, T: Translate) -> Callable[[Any], tuple[Any, Any]]:
    def check(value: Any, record_id: Any = None) -> tuple[Any, Any]:
        taken = not rows(field == value).isempty()
        return value, T("Another repository has this UUID already") if taken else None

    return check


def wants_test(screen: ScreenContext) -> bool:
    """Return whether the person wants to test the connection, not to save."""
    return bool(screen.request.post_vars.test)


def entered_values(
    screen: ScreenContext, kind: type[Adapter], record: Repository | None, values: Any
) -> dict[str, Any]:
    """Return the entered values by the names of the type's settings; secrets encrypted, None for empty ones.

    Args:
        screen: the context.
        kind: class of the adapter.
        record: the repository, None for a new one.
        values: of the form.
    """
    found: dict[str, Any] = {}
    for setting in kind.settings:
        if setting.secret:
            found[setting.name] = secret_field(screen, kind, record, setting, values)
        elif setting.kind is Kind.BOOLEAN:
            found[setting.name] = bool(values[setting.name])
        else:
            found[setting.name] = (values[setting.name] or "").strip() or None
    return found
