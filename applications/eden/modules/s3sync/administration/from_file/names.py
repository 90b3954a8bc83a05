"""Looks up the names in a file: those that stand for nothing, or for two things, are wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ...core.errors import ConfigurationError
from ...database import accounts as accounts
from ...database import own_rows as own_rows
from ...exchange.peer import Capability
from ...site import Repository, Site
from ...site.scoping import scopes as scopes
from .content import AccountInFile, Content, InvitationInFile, RepositoryInFile
from .problems import Findings, meant
from .tables import Told


def check(site: Site, content: Content, findings: Findings) -> None:
    """Look up all names, and note what is wrong in the findings.

    Args:
        site: this site.
        content: what the file says.
        findings: of reading it.
    """
    for each in content.accounts:
        _check_account(site, each)
    _check_once(content.accounts, "email", lambda each: each.email)
    for several in (content.scopes, content.repositories):
        _check_once(several, "name", lambda each: each.name)
    _check_once(content.invitations, "name", lambda each: each.wish.name)
    _check_once([each for each in content.repositories if each.uuid], "uuid", lambda each: each.uuid)
    known_scopes = [each.name for each in content.scopes] + [each.scope.name for each in scopes.all_of(site)]
    emails = [each.email for each in content.accounts]
    for repository in content.repositories:
        _check_repository(site, repository, known_scopes, emails)
    _check_shared_accounts(content.repositories)
    for invitation in content.invitations:
        _check_invitation(site, invitation, known_scopes)
    for told in (each.told for each in content.scopes):
        if sum(1 for each in scopes.all_of(site) if each.scope.name == told.text("name")) > 1:
            told.wrong(
                "name", "This site has several scopes of that name.", "Rename one of them in the screens."
            )


def _check_once(found: Iterable[Any], key: str, value: Callable[[Any], Any]) -> None:
    seen = set()
    for each in found:
        if value(each) in seen:
            each.told.wrong(key, f"{value(each)} is here already.", "Leave one of them out.")
        seen.add(value(each))


def _check_account(site: Site, account: AccountInFile) -> None:
    known = site.accounts.users([account.email]).get(account.email) if account.email else None
    is_named = any(account.told.has(f"password{way}") for way in ("", "_env", "_file"))
    if known is None and not is_named:
        account.told.wrong(
            "",
            "A new account needs a password.",
            'Write password_env = "NAME OF A VARIABLE", or password_file.',
        )
    if known is not None and not accounts.is_of_a_site(site.db, known):
        account.told.wrong(
            "email",
            f"{account.email} is an account of a person, or has other rights.",
            "Take another one for the site; a person's password is changed by ./eden reset-password.",
        )
    if account.password is not None:
        try:
            accounts.check_password(site.db, account.password)
        except ConfigurationError as error:
            account.told.wrong("", error.message, "Take a longer one.")


def repository_of(site: Site, wanted: RepositoryInFile) -> Repository | None:
    """Return the repository that a file means: by its identifier, else by its name; None for a new one.

    Raises:
        ConfigurationError: there are several of that name, or that name is another site's.
    """
    by_name = _live(site, name=wanted.name)
    by_uuid = _live(site, uuid=wanted.uuid) if wanted.uuid else []
    if by_uuid:
        return by_uuid[0]
    if len(by_name) > 1:
        raise ConfigurationError(
            f"Several repositories are called {wanted.name}.", hint="Rename one of them, or write the uuid."
        )
    return by_name[0] if by_name else None


def _live(site: Site, **columns: Any) -> list[Repository]:
    return [
        Repository.read(site, row)
        for row in own_rows.read(site.db, "sync_repository", {**columns, "deleted": False})
    ]


def _check_repository(
    site: Site, wanted: RepositoryInFile, known_scopes: list[str], emails: list[str]
) -> None:
    told = wanted.told
    _check_scope(told, wanted.scope, known_scopes)
    if wanted.account and wanted.account not in emails and not site.accounts.users([wanted.account]):
        told.wrong("account", f"There is no account {wanted.account}.", meant(wanted.account, emails))
    if wanted.uuid == site.config().uuid:
        told.wrong("uuid", "That is this site itself.", "Write the identifier of the other site.")
    try:
        present = repository_of(site, wanted)
    except ConfigurationError as error:
        told.wrong("name", error.message, error.hint)
        return
    if present is None:
        _check_new(wanted)
        return
    if wanted.kind.apitype != present.apitype:
        told.wrong(
            "type",
            f"{present.name} is of the type {present.apitype}.",
            "Keep that, or delete the repository in the screens first.",
        )


def _check_new(wanted: RepositoryInFile) -> None:
    missing = [each.name for each in wanted.kind.missing(wanted.settings)]
    if not missing or (wanted.uuid and Capability.PASSIVE in wanted.kind.capabilities):
        return
    if Capability.PASSIVE in wanted.kind.capabilities:
        remedy = (
            f"Write {' and '.join(missing)} for a site that this one asks; for one that comes by itself its uuid, by "
            "which it is recognised (its page Settings tells it), or invite it ([[invitations]])."
        )
    else:
        remedy = f"Write {' and '.join(missing)}."
    wanted.told.wrong("", f"The repository {wanted.name} is not complete.", remedy)


def _check_scope(told: Told, name: str | None, known: list[str]) -> None:
    if name and name not in known:
        told.wrong("scope", f"There is no scope {name}.", meant(name, known))


def _check_shared_accounts(found: Iterable[RepositoryInFile]) -> None:
    """Look for repositories of one account with several scopes: they have the same one."""
    by_account: dict[str, str] = {}
    for each in found:
        if (
            each.account
            and each.scope is not None
            and by_account.setdefault(each.account, each.scope) != each.scope
        ):
            each.told.wrong(
                "scope",
                f"Another repository of the account {each.account} has the scope {by_account[each.account] or 'none'}.",
                "Give each its own account, or all the same scope.",
            )


def _check_invitation(site: Site, wanted: InvitationInFile, known_scopes: list[str]) -> None:
    _check_scope(wanted.told, wanted.scope, known_scopes)
    if not wanted.wish.address and not site.base_url.startswith("http"):
        wanted.told.wrong(
            "address", "This site does not know its address.", "Write the one at which it is reached."
        )
    if not wanted.code_file.parent.is_dir():
        wanted.told.wrong(
            "code_file", f"There is no folder {wanted.code_file.parent}.", "Make it, or take another one."
        )
