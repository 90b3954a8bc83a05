"""Settings: connections, limits, log, notifications, and this site's identifier."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from gluon import H2, URL, Field, redirect
from gluon.validators import (
    IS_EMAIL,
    IS_EMPTY_OR,
    IS_FLOAT_IN_RANGE,
    IS_INT_IN_RANGE,
    IS_LENGTH,
    IS_NOT_EMPTY,
)

from ...administration.preferences import LIMITS, MOST_RECORDS_A_PAGE
from ...administration.settings import LONGEST_ADDRESSES, path_where_it_was_started, save_settings
from ...core.limits import MEGABYTE
from ...host.settings import addresses
from ...site import Site
from ...site.labels import Translate
from ...site.repositories import all_of
from ...ui import look as look
from ...ui.refusals import refusal
from .context import ScreenContext
from .widgets import action_button, form_of, pressed, web_address


def page(screen: ScreenContext) -> Any:
    """Show and store the settings of this site, or show the page that changes the identifier."""
    if screen.request.args:
        if list(screen.request.args) != ["identifier"]:
            raise refusal(404, screen.T("There is no such page."))
        return _identifier(screen)
    T, site, session = screen.T, screen.site, screen.session
    form = settings_form(site, T)
    if pressed(screen, form, "config", onvalidation=_check_addresses(site, T)):
        save_settings(site, form.vars)
        session.flash = T("Saved")
        redirect(URL("sync", "config"))
    mail_server, recipients = (
        screen.site.host.settings.get_mail_server(),
        screen.site.host.settings.get_sync_notify_to(),
    )
    test = action_button("test_mail", T("Send a test mail"))
    if mail_server and recipients and pressed(screen, test, "test_mail"):
        session.flash = _test_mail(screen, recipients)
        redirect(URL("sync", "config"))
    return {
        "title": T("Synchronization Settings"),
        "form": form,
        "identifier": site.config().uuid,
        "address": site.base_url,
        "is_unreachable": _is_own_computer(site.base_url),
        "mail_server": mail_server,
        "test": test if mail_server and recipients else "",
    }


def settings_form(site: Site, T: Translate) -> Any:
    """Return the form of this site's settings; an empty field shows the value of the file."""
    row = site.config()
    usual = site.host.settings.as_configured()

    def number(
        name: str, label: Any, comment: Any, present: float, rule: Any, kind: str = "integer"
    ) -> Field:
        shown = f"{present:g}"
        return Field(
            name,
            kind,
            label=label,
            default=row[name],
            requires=IS_EMPTY_OR(rule),
            comment=(comment, " ", T("Empty: %s.") % shown),
        )

    def seconds(name: str, label: Any, comment: Any, present: float) -> Field:
        wrong = T("Enter a number of seconds, from 0.1 to 86400")
        rule = IS_FLOAT_IN_RANGE(*LIMITS[name][:2], error_message=wrong)
        return number(name, label, comment, present, rule, "double")

    def megabytes(name: str, label: Any, comment: Any, present: float) -> Field:
        wrong = T("Enter a number of megabytes, from 0.01 to 1000000")
        rule = IS_FLOAT_IN_RANGE(*LIMITS[name][:2], error_message=wrong)
        return number(name, label, comment, present / MEGABYTE, rule, "double")

    form = form_of(
        Field(
            "public_url",
            label=T("Address of this site"),
            default=row.public_url,
            requires=IS_EMPTY_OR([IS_LENGTH(512), web_address(T)]),
            comment=(
                T("Under which other sites and browsers reach it, without the application."),
                " ",
                T("Addresses of records and files that are sent begin with it."),
                " ",
                T("Empty: %s.") % (usual.get_base_public_url() or T("the address of each request")),
            ),
        ),
        Field(
            "proxy",
            label=T("Proxy Server URL"),
            default=row.proxy,
            requires=IS_EMPTY_OR(web_address(T)),
            comment=T("For all repositories that have none of their own."),
        ),
        seconds(
            "connect_timeout",
            T("Wait for a connection (seconds)"),
            T("How long this site waits until another one takes up the line."),
            usual.get_sync_connect_timeout(),
        ),
        seconds(
            "read_timeout",
            T("Wait for an answer (seconds)"),
            T("The longest silence on an open line; an Eden computes long before it begins to send."),
            usual.get_sync_read_timeout(),
        ),
        number(
            "retries",
            T("Attempts after a failure"),
            T("How often a request that failed in passing is sent again before the run gives up."),
            usual.get_sync_retries(),
            _whole("retries", error_message=T("Enter a number from 0 to 100")),
        ),
        number(
            "page_size",
            T("Records in a page"),
            T("A run goes forward page by page: large pages for a good line, small ones where it breaks."),
            usual.get_sync_page_size(),
            _whole(
                "page_size",
                error_message=T("Enter a number from 1 to %s") % MOST_RECORDS_A_PAGE,
            ),
        ),
        megabytes(
            "max_document_mb",
            T("Largest document (MB)"),
            T("A larger one, unpacked, is refused."),
            usual.get_sync_max_document_size(),
        ),
        megabytes(
            "max_upload_mb",
            T("Largest file (MB)"),
            T("A larger file or photo of a record stays where it is."),
            usual.get_sync_max_upload_size(),
        ),
        number(
            "log_days",
            T("Days that the log is kept"),
            T("Older entries and runs are removed once a day, by the worker."),
            usual.get_sync_log_days(),
            _whole("log_days", error_message=T("Enter a number of days, at least 1")),
        ),
        Field(
            "notify_to",
            label=T("E-mail to"),
            default=row.notify_to,
            requires=IS_EMPTY_OR(IS_LENGTH(LONGEST_ADDRESSES)),
            comment=(
                T("Who gets a mail when a repository keeps failing, and one when it works again; by commas."),
                " ",
                T("Empty: %s.") % (", ".join(usual.get_sync_notify_to()) or T("nobody")),
            ),
        ),
        number(
            "notify_after",
            T("After so many failures in a row"),
            T("The number of failed runs after which the mail is sent."),
            usual.get_sync_notify_after(),
            _whole("notify_after", error_message=T("Enter a number from 1 to %s") % 1000),
        ),
        table_name="config",
        T=T,
    )
    _divide(
        form,
        {
            "config_public_url__row": T("Network"),
            "config_page_size__row": T("Sizes"),
            "config_log_days__row": T("Log"),
            "config_notify_to__row": T("Mail to administrators"),
        },
    )
    return form


def _whole(name: str, error_message: Any) -> Any:
    """Return the validator of a setting that is a whole number."""
    least, most, _ = LIMITS[name]
    return IS_INT_IN_RANGE(int(least), int(most) + 1, error_message=error_message)


def _divide(form: Any, headings: Any) -> None:
    """Insert headings before fields of a form, by the ids of their rows."""
    rows = form.element(".fields")
    rows.components = [
        part
        for row in rows.components
        for part in (
            [H2(headings[row["_id"]]), row]
            if getattr(row, "attributes", {}).get("_id") in headings
            else [row]
        )
    ]


def _is_own_computer(address: str) -> bool:
    """Return whether an address is a loopback one, which other sites cannot use."""
    host = urlsplit(address).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def _check_addresses(site: Site, T: Translate) -> Any:
    def check(form: Any) -> None:
        path = path_where_it_was_started(site.host.settings, form.vars.public_url)
        if path is not None:
            form.errors.public_url = (
                T(
                    "The path in this address has to be %s, as where this site was started. Start it with "
                    "./run --public-url to change the path: all its pages begin with it."
                )
                % path
            )
        given = addresses(form.vars.notify_to)
        wrong = [each for each in given if IS_EMAIL()(each)[1]]
        if wrong:
            form.errors.notify_to = T("%s is no e-mail address") % wrong[0]

    return check


def _test_mail(screen: ScreenContext, recipients: list[str]) -> Any:
    T = screen.T
    subject = T("%s: a test mail about synchronization") % screen.site.host.settings.get_system_name()
    text = T("This mail was sent from the page Settings. Mails about failures come the same way.")
    failure = screen.site.host.send_mail(recipients, str(subject), str(text))
    if failure is None:
        return T("The mail server took a test mail to %s.") % ", ".join(recipients)
    return look.Problem(
        T("The mail could not be sent: %s. Check the section [mail] of private/appconfig.ini.") % failure
    )


def _identifier(screen: ScreenContext) -> Any:
    """Show the effects of a new identifier, and change it."""
    T, site = screen.T, screen.site
    row = site.config()
    form = form_of(
        Field(
            "uuid",
            label=T("UUID of this site"),
            default=row.uuid,
            requires=[IS_NOT_EMPTY(error_message=T("Enter a value")), IS_LENGTH(128)],
            comment=T("A URN such as urn:uuid:… or any other text that no other site has."),
        ),
        table_name="identifier",
        T=T,
        label=T("Change the identifier"),
        back=URL("sync", "config"),
    )
    if pressed(screen, form, "identifier"):
        former, wanted = row.uuid, form.vars.uuid.strip()
        row.update_record(uuid=wanted)
        screen.session.flash = (
            T("Saved. It was %s before; register again at every repository.") % former
            if wanted != former
            else T("Nothing was changed.")
        )
        redirect(URL("sync", "config"))
    screen.response.view = "sync/identifier.html"
    return {
        "title": T("Identifier of this site"),
        "form": form,
        "repositories": sum(each.can_ask for each in all_of(site)),
    }
