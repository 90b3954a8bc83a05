"""Authentication and authorisation: who the user is, and what he may do."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from gluon import HTTP, URL, current, redirect
from gluon.storage import Storage
from gluon.tools import Auth

from s3sync.database import own_rows as own_rows
from s3sync.ui.forms import form_rows
from s3sync.ui.look import Problem
from s3sync.ui.program_requests import basic_credentials, is_interface
from s3sync.ui.refusals import refusal

from ..data_model.datamodel import table_name
from ..pages.reader_choices import way_back
from .client_address import client_address
from .failed_logins import FailedLogins, TooManyAttempts
from .verification import Verification

REALM = "eden"
ADMINISTRATOR = 1
AUTHENTICATED = 2
SYNCHRONIZATION = "Synchronization"
#: Built-in roles: id (None if no code relies on it), name, description.
ROLES = (
    (ADMINISTRATOR, "Administrator", "May do everything, also administer this site"),
    (AUTHENTICATED, "Authenticated", "Everybody who is logged in"),
    (None, SYNCHRONIZATION, "For other sites: may use the synchronization interface and nothing else"),
)
#: Tables that only administrators may read, and that never leave the site.
PROTECTED_PREFIXES = ("auth_", "sync_", "scheduler_", "s3_")
_METHODS = {"read", "create", "update", "delete", "list", "import"}


class S3Permission:
    """Which pages the current user may see.

    Args:
        auth: the site's ``S3Auth``.
    """

    def __init__(self, auth: S3Auth) -> None:
        self._auth = auth

    def has_permission(self, method: str, c: str | None = None, f: str | None = None) -> bool:
        """Return whether the current user may use a page.

        Args:
            method: makes no difference here: whoever may see a page may use it.
            c: its controller; by default that of the request.
            f: its function. The interface for other sites needs its own role.
        """
        controller = c or current.request.controller
        if (controller, f or current.request.function) == ("sync", "sync"):
            return self._auth.s3_has_role(SYNCHRONIZATION)
        return self._auth.s3_has_module_access(controller)

    def fail(self) -> None:
        """Refuse the request; an unknown user has to log in.

        Raises:
            HTTP: 403, or as S3Auth.s3_require_login.
        """
        self._auth.s3_require_login()
        raise _not_for_you()


def _not_for_you() -> HTTP:
    if is_interface(current.request):
        return refusal(403, "Insufficient Privileges")
    return refusal(403, current.T("Your roles do not allow it. Ask an administrator for access."))


def _later(refused: TooManyAttempts) -> HTTP:
    """Return the answer to who has given too many wrong passwords."""
    wait = {"Retry-After": str(refused.seconds)}
    message = f"Too many wrong passwords: try again in {refused.seconds} seconds."
    if not is_interface(current.request):
        return refusal(
            429, current.T("Too many wrong passwords. Try again in %s seconds.") % refused.seconds, **wait
        )
    body = {
        "status": "failed",
        "statuscode": "429",
        "message": message,
        "error": "too_many_attempts",
        "hint": "Correct the password, or wait.",
        "transient": True,
    }
    return HTTP(429, json.dumps(body), **wait, **{"Content-Type": "application/json; charset=utf-8"})


def _digest(stored: str | None) -> str:
    """Return what a session remembers of the stored hash of a password."""
    return hashlib.sha256((stored or "").encode()).hexdigest()


class S3Auth(Auth):
    """web2py's Auth with Eden's methods for roles and permissions.

    Args:
        db: the site's database.
        settings: the site's ``S3Settings``.
    """

    user: Any  # a Storage; None if nobody is logged in

    def __init__(self, db: Any, settings: Any) -> None:
        super().__init__(db=db, controller="default", function="user")
        self.s3_settings = settings
        self._s3_roles: dict[int, str] | None = None
        self._s3_checked = False
        self.permission = S3Permission(self)
        own = self.settings
        own.create_user_groups = None
        own.allow_basic_login = True
        own.expiration = 3600 * 8
        own.remember_me_form = False
        own.login_next = URL("default", "index")
        own.logout_next = URL("default", "index")
        own.login_onvalidation.append(self._check_login)
        own.change_password_onaccept.append(lambda form: self._bind_session())
        own.actions_disabled = ["request_reset_password", "retrieve_username", "impersonate", "bulk_register"]
        if not settings.get_security_registration():
            own.actions_disabled.append("register")

    def s3_prepare_forms(self, T: Any) -> None:
        """Give web2py's user forms our style and our texts.

        Args:
            T: web2py's translator.
        """
        self.settings.formstyle = form_rows
        self.settings.label_separator = ""
        self.messages.update(
            login_button=T("Log in"),
            profile_save_button=T("Save"),
            password_change_button=T("Change password"),
            register_button=T("Register"),
            old_password=T("Old password"),
            new_password=T("New password"),
            verify_password=T("New password once more"),
            verify_password_comment=None,
            mismatched_password=T("The two new passwords differ. Enter the same twice."),
            invalid_password=T("This is not your present password."),
            invalid_login=T("Email or password is wrong. Check both, and try again."),
            invalid_email=T("Enter an email address such as name@example.org"),
            is_empty=T("Enter a value"),
            login_disabled=T("This account is disabled. An administrator can help."),
            registration_pending=T("This account has not been approved yet. An administrator can help."),
            logged_in=T("You are logged in."),
            logged_out=T("You are logged out."),
            profile_updated=T("Saved"),
            password_changed=T("Your password was changed."),
        )

    # Who

    def s3_logged_in(self) -> bool:
        """Return whether the user is known; reads HTTP Basic credentials if there are any.

        Raises:
            HTTP: 429, see ``_basic_user``.
        """
        if not self._s3_checked:
            self._s3_checked = True
            if self.user:
                self._check_session_user()
            if not self.user:
                self._basic_user()
        return bool(self.user)

    def s3_check_session(self) -> None:
        """End a session whose user is gone or disabled, or has another password by now."""
        if not self.user:
            return
        row = self.table_user()(self.user.id)
        session = current.session
        if (
            row is None
            or (row.registration_key or "").strip()
            or session.auth.password_digest != _digest(row.password)
        ):
            self.user = session.auth = None

    def _check_session_user(self) -> None:
        """Ignore the session's user for programs that write.

        A browser also sends its cookie with a form that another site made, so programs that write need credentials.
        """
        request = current.request
        if is_interface(request) and request.env.request_method not in ("GET", "HEAD"):
            self.user = None

    def get_vars_next(self) -> str | None:
        """Return the address to go to after a log-in; none that is not of this site, however it is spelled."""
        asked = current.request.vars._next
        return way_back(asked[0] if isinstance(asked, (list, tuple)) else asked, "") or None

    def login_user(self, user: Any) -> None:
        """Log a user in with a session, which lasts as long as his password stays the same."""
        super().login_user(user)
        self._bind_session()
        current.form_keeper.greet(current.request, current.response, int(self.user.id))

    def _bind_session(self) -> None:
        row = self.table_user()(self.user.id)
        current.session.auth.password_digest = _digest(row.password)

    def _verification(self) -> Verification:
        request = current.request
        address = client_address(request.env, self.s3_settings.get_trusted_proxies())
        failures = FailedLogins(Path(request.folder) / "private")
        return Verification(self.db, self.table_user, failures, address)

    def _check_login(self, form: Any) -> None:
        """Check what was entered on the login page, before web2py does.

        web2py tells by the time that it takes, and by other words for a disabled account, whether there is an account
        of that name; and it lets everybody guess as fast as they can.

        Raises:
            HTTP: the login page again, or 429.
        """
        entered = str(current.request.post_vars.password or "")
        try:
            right = self._verification().user(str(form.vars.email or ""), entered, "login page")
        except TooManyAttempts as refused:
            raise _later(refused) from refused
        if right is None:
            current.session.flash = Problem(self.messages.invalid_login)
            redirect(self.url(args=current.request.args, vars=current.request.get_vars))

    def _basic_user(self) -> None:
        """Log in the user named by HTTP Basic for this request, without a session.

        Raises:
            HTTP: 429, because there were too many wrong passwords.
        """
        given = basic_credentials(current.request.env.http_authorization or "")
        if given is None:
            return
        try:
            row = self._verification().user(*given, "HTTP Basic", cached=True)
        except TooManyAttempts as refused:
            raise _later(refused) from refused
        if row is not None and not (row.registration_key or "").strip():
            self._s3_adopt(row)

    def _s3_adopt(self, row: Any) -> None:
        self.user = Storage({name: value for name, value in vars(row).items() if name != "password"})
        self._s3_roles = None
        self._s3_checked = True

    def s3_impersonate(self, user_id: int | None) -> bool:
        """Act as this user for the rest of the request or job; as nobody for None or an unknown user.

        Returns:
            whether there is such a user.
        """
        row = next(iter(own_rows.read(self.db, "auth_user", {"id": user_id})), None) if user_id else None
        self.user = None
        self._s3_roles = None
        self._s3_checked = True
        if row:
            self._s3_adopt(row)
        return row is not None

    def s3_require_login(self) -> None:
        """Refuse a request without a known user: people get the login page, programs a 401.

        Raises:
            HTTP: 401 with a Basic challenge, or a redirect to the login page.
        """
        if self.s3_logged_in():
            return
        request = current.request
        if is_interface(request) or request.env.http_authorization or request.ajax:
            raise HTTP(401, "Authentication Required", **{"WWW-Authenticate": f'Basic realm="{REALM}"'})
        # What was typed into a form must not be lost with the session in which it was opened.
        keeper = getattr(current, "form_keeper", None)  # a worker and programs have none
        address = (keeper.put_aside(request) if keeper is not None else None) or self.here()
        redirect(URL("default", "user", args="login", vars={"_next": address}))

    # What

    def s3_roles(self) -> dict[int, str]:
        """Return the roles of the current user: id -> name. Everybody who is logged in has Authenticated."""
        if self._s3_roles is None:
            self._s3_roles = {}
            if self.s3_logged_in():
                given = own_rows.read(self.db, "auth_membership", {"user_id": self.user.id})
                groups = own_rows.read(self.db, "auth_group", {"id": [each.group_id for each in given]})
                self._s3_roles = {each.id: each.role for each in groups}
                self._s3_roles[AUTHENTICATED] = "Authenticated"
        return self._s3_roles

    def s3_has_role(self, role: Any) -> bool:
        """Return whether the current user has a role, given by id or name; administrators have all."""
        roles = self.s3_roles()
        return ADMINISTRATOR in roles or role in roles or role in roles.values()

    def get_system_roles(self) -> Storage:
        """Return the ids of the roles that code relies on, by Eden's names for them."""
        return Storage(ADMIN=ADMINISTRATOR, AUTHENTICATED=AUTHENTICATED)

    def s3_has_module_access(self, name: str) -> bool:
        """Return whether the current user may see a module and call its controller."""
        if not self.s3_settings.has_module(name):
            return False
        wanted = self.s3_settings.get_module_roles(name)
        if not wanted:
            return True
        roles = set(self.s3_roles())
        return ADMINISTRATOR in roles or bool(wanted & roles)

    def s3_has_permission(self, method: str, table: Any, record_id: int | None = None) -> bool:
        """Return whether the current user may use a method on the records of a table.

        Args:
            method: read, list, create, update, delete or import.
            table: table or its name.
            record_id: a particular record. It makes no difference here: there are no rules for owners.

        Raises:
            ValueError: for an unknown method.
        """
        if method not in _METHODS:
            raise ValueError(f"There is no permission for {method!r}.")
        roles = self.s3_roles()
        if ADMINISTRATOR in roles:
            return True
        name = table_name(table)
        if not roles or name.startswith(PROTECTED_PREFIXES):
            return False
        prefix = name.split("_", 1)[0]
        if not self.s3_has_module_access(prefix):
            return False
        if set(roles.values()) == {"Authenticated", SYNCHRONIZATION}:
            request = current.request
            return is_interface(request) or (request.controller, request.function) == ("default", "download")
        return True

    def s3_require_module(self, name: str) -> None:
        """Refuse a request for a module that does not exist or that the user may not see.

        Raises:
            HTTP: 404 if the module is not enabled, 403 if the user may not see it; or as s3_require_login.
        """
        if not self.s3_settings.has_module(name):
            raise refusal(404, current.T("The module it belongs to is not enabled at this site."))
        if not self.s3_has_module_access(name):
            self.permission.fail()


def create_roles(db: Any) -> None:
    """Create the built-in roles that are missing."""
    table = db.auth_group
    if db(table).isempty():
        for _, role, description in ROLES:
            table.insert(role=role, description=description)
        return
    for _, role, description in ROLES:
        if db(table.role == role).isempty():
            table.insert(role=role, description=description)
