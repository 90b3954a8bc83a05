"""Compares a site with a file, and stores what differs, all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ...exchange.peer import Capability
from ...site import Repository, Site
from .. import invitations as invitations
from . import changes as changes
from . import names as names
from .changes import Change
from .content import Content, RepositoryInFile, read
from .problems import Findings
from .repositories import check_secrets, of_repositories


class Outcome(NamedTuple):
    """What was different.

    Attributes:
        changes: what was changed, or would be.
        told: how many things the file says something about.
        to_register: keys of repositories at which this site is not registered yet.
        warnings: what is no error.
    """

    changes: list[Change]
    told: int
    to_register: list[int]
    warnings: list[str]


def carry_out(site: Site, text: str, folder: Path, dry_run: bool) -> Outcome:
    """Let a site be as a file says; what it does not name stays as it is.

    Args:
        site: this site, with the scheduler's tables.
        text: of the file.
        folder: in which it is.
        dry_run: whether to store nothing.

    Raises:
        FileRefused: something in it is wrong.
        AlreadyRunning: a repository that changes is being synchronised just now.
        SyncError: it cannot be stored.
    """
    content, findings = read(site, text, folder)
    names.check(site, content, findings)
    findings.check()
    for wanted in content.repositories:
        secret = check_secrets(wanted, names.repository_of(site, wanted))
        if secret:
            wanted.told.wrong(
                secret,
                f"The address changes, and the stored {secret} is for the former one.",
                f"Write it here as well: {secret}_env or {secret}_file.",
            )
    findings.check()
    if dry_run:
        return Outcome(list(_all(site, content)), _count(content), [], findings.warnings)
    written = [each.code_file for each in content.invitations if not each.code_file.exists()]
    content = _with_certificates(site, content)
    try:
        with site.store.transaction():
            done = _carried_out(site, content)
    except BaseException:
        # Codes of invitations that are not stored would be worth nothing.
        for path in written:
            path.unlink(missing_ok=True)
        raise
    return Outcome(done, _count(content), list(_unregistered(site, content, findings)), findings.warnings)


def _with_certificates(site: Site, content: Content) -> Content:
    """Look at this site's own address for invitations before anything is stored: writers would wait for the line."""
    found = [
        each if each.code_file.exists() else each._replace(wish=invitations.with_certificate(site, each.wish))
        for each in content.invitations
    ]
    return content._replace(invitations=found)


def _all(site: Site, content: Content) -> Iterator[Change]:
    """Yield all changes, those first that others rest on."""
    yield from changes.of_site(site, content)
    yield from changes.of_accounts(site, content)
    yield from changes.of_scopes(site, content)
    yield from of_repositories(site, content)
    yield from changes.of_invitations(site, content)


def _carried_out(site: Site, content: Content) -> list[Change]:
    done = []
    for each in _all(site, content):
        each.act()
        done.append(each)
    return done


def _count(content: Content) -> int:
    several = (content.accounts, content.scopes, content.repositories, content.invitations)
    return int(bool(content.preferences)) + sum(len(each) for each in several)


def _unregistered(site: Site, content: Content, findings: Findings) -> Iterator[int]:
    for wanted in content.repositories:
        repository = names.repository_of(site, wanted)
        if repository is not None and _wants_registration(wanted, repository):
            yield repository.id


def _wants_registration(wanted: RepositoryInFile, repository: Repository) -> bool:
    speaks = Capability.REGISTER in wanted.kind.capabilities
    return speaks and repository.can_ask and repository.last_connected is None
