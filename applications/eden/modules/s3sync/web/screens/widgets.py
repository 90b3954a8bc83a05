"""Parts of several screens: buttons for actions, questions, forms, sortable headings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable, NamedTuple

from gluon import FORM, INPUT, SQLFORM, TAG, URL, A, Field

from ...core.errors import SyncError
from ...database.paging import SortOrder
from ...site.labels import Translate
from ...transport.urls import WEB, in_words, origin, travels_in_clear, without_credentials
from ...ui.forms import buttons, form_rows
from ...ui.sent_forms import process


class Confirmation(NamedTuple):
    """The state of a question before an action.

    Attributes:
        link: the link to the question, for the screen.
        agreed: whether the button was pressed: do it now.
        page: the variables of the view while the question is shown, else None.
    """

    link: Any
    agreed: bool
    page: dict[str, Any] | None


def action_button(
    name: str, label: Any, *, danger: bool = False, hidden: dict[str, Any] | None = None
) -> Any:
    """Return a form with only a button: every change is a POST with web2py's form key."""
    return FORM(
        INPUT(_type="submit", _value=label, _class="btn btn-danger" if danger else "btn btn-primary"),
        hidden=hidden or {},
        _class="delete-form" if danger else "action-form",
        _name=name,
        _id=f"form-{name}",
    )


def pressed(screen: Any, form: Any, name: str, **options: Any) -> bool:
    """Return whether a form was sent with a valid form key and valid values.

    A key is valid once; with one that is not, the person gets a message, and what was typed is shown again.

    Args:
        screen: the context.
        form: the form.
        name: name of the form, unique on the screen.
        options: options of web2py's ``process``.
    """
    return process(form, screen.T, formname=name, message_onsuccess=None, **options)


def confirm(
    screen: Any,
    name: str,
    title: Any,
    text: Any | Sequence[Any] | Callable[[], Sequence[Any]],
    label: Any,
    *,
    danger: bool = True,
    back: str | None = None,
) -> Confirmation:
    """Ask before an action that is not easily undone, on a separate page that tells what will happen.

    The link leads to ``?ask=<name>`` of the same address. The screen returns ``page`` if it is set, and acts if
    ``agreed`` is true::

        delete = confirm(desk, "delete", T("Delete this repository?"), T("Its records stay."), T("Delete repository"))
        if delete.page:
            return delete.page
        if delete.agreed:
            ...

    Args:
        screen: the context.
        name: name of the action, unique on the screen.
        title: the question.
        text: what will happen; several texts for several paragraphs; a function for texts that take queries, which is
            called only for the question.
        label: label of the link, and of the button that acts.
        danger: whether the action destroys something.
        back: address of the link back, by default the screen.
    """
    request = screen.request
    others = {key: value for key, value in request.get_vars.items() if key != "ask"}
    link = A(
        label,
        _class="btn btn-outline-danger" if danger else "btn btn-outline-primary",
        _href=URL(args=request.args, vars={**others, "ask": name}),
        _id=f"ask-{name}",
    )
    if request.get_vars.ask != name:
        return Confirmation(link, False, None)
    form = action_button(name, label, danger=danger)
    if pressed(screen, form, name):
        return Confirmation(link, True, None)
    screen.response.view = "sync/confirm.html"
    found = text() if callable(text) else text
    lines = list(found) if isinstance(found, (list, tuple)) else [found]
    home = back or URL(args=request.args, vars=others)
    return Confirmation(link, False, {"title": title, "lines": lines, "form": form, "back": home})


def form_of(*fields: Field, table_name: str, T: Translate, label: Any = None, back: str | None = None) -> Any:
    """Return a form of these fields in the application's style.

    Args:
        fields: its fields.
        table_name: prefix for the names of its controls.
        T: web2py's translator.
        label: label of the submit button, by default "Save".
        back: address of "Cancel", None for no such link.
    """
    return SQLFORM.factory(
        *fields,
        formstyle=form_rows,
        separator="",
        buttons=buttons(label or T("Save"), T("Cancel") if back else None, back or ""),
        table_name=table_name,
    )


def clear_words(T: Translate, url: str | None) -> Any:
    """Return the warning that passwords travel in clear to an address, None where they do not."""
    if not travels_in_clear(url):
        return None
    if (url or "").strip().lower().startswith("ftp"):
        return T(
            "The address begins with ftp://: the password and all records travel in clear and can be read on the way. "
            "Ask the people of the server for an address with ftps:// or sftp://."
        )
    return T(
        "The address begins with http://: the password and all records travel in clear and can be read on the way. Ask "
        "the people there for an address with https://."
    )


def web_address(T: Translate, schemes: tuple[str, ...] = WEB) -> Callable[..., tuple[Any, Any]]:
    """Return a validator for addresses that begin with http:// or https://, or with one of other schemes."""
    wanted = (
        T("Enter an address that begins with http:// or https://")
        if schemes == WEB
        else T("Enter an address that begins with %s") % in_words(schemes)
    )

    def check(value: Any, record_id: Any = None) -> tuple[Any, Any]:
        try:
            origin(str(value), schemes)
        except SyncError:
            return value, wanted
        address = str(value).strip()
        if without_credentials(address) != address:
            return value, T(
                "Leave user name and password out of the address: it is not encrypted, and shown on pages."
            )
        return address, None

    return check


def heading(request: Any, order: SortOrder, column: str, label: Any) -> Any:
    """Return the heading of a sortable column: a link that sorts by it, or reverses the order."""
    turned = SortOrder(column, not order.descending if order.column == column else False)
    kept = {name: value for name, value in request.get_vars.items() if name not in ("page", "sort")}
    link = A(label, _href=URL(args=request.args, vars={**kept, "sort": turned.text}))
    if order.column != column:
        return TAG.th(link, _scope="col")
    return TAG.th(link, _scope="col", **{"_aria-sort": "descending" if order.descending else "ascending"})
