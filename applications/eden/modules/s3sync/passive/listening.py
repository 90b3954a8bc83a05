"""Tells a site that listens whether there is something for it. Nobody waits here: the web server does that."""

from __future__ import annotations

from collections.abc import Collection

from ..core.errors import SyncError
from ..site import Repository, Site
from ..wire.protocol.listening import Heard, ListenAnswer
from ..wire.protocol.news import read_pulls
from .contact import note_contact, registered
from .standing import fetched


def listen(site: Site, asking: str | None, heard: Heard | None) -> tuple[int, ListenAnswer]:
    """Return what there is for a site that begins to listen, with the key of its repository.

    Args:
        site: this site.
        asking: how the asking site identifies itself.
        heard: what it has heard of before.

    Raises:
        NotRegistered, ForeignAccount: it is not registered, or belongs to another account.
    """
    repository = registered(site, asking)
    # An exchange that was cut off does not go on because its site listens.
    note_contact(repository, exchanges=False)
    now = Heard(site.journal.identity(), site.journal.head())
    after = heard.position if heard is not None and heard.journal == now.journal else 0
    return repository.id, ListenAnswer(
        str(now), has_changed(repository, _names(repository), after, now.position)
    )


def changed_for(site: Site, after: int, keys: Collection[int]) -> tuple[int, list[int]]:
    """Return the present position, and those of some repositories for which there is something behind another one.

    Args:
        site: this site.
        after: the position of which they have heard.
        keys: of the repositories.

    Returns:
        the position up to which all of them were looked at, and the keys.
    """
    head = site.journal.head()
    moved = site.journal.moved_tables(after, head) if head > after else set()
    found, is_whole = [], True
    for key in keys if moved else ():
        repository = site.known_repository(key)
        if repository is None or repository.is_revoked:
            continue
        try:
            if has_changed(repository, moved & _names(repository), after, head):
                found.append(key)
        except SyncError:
            # It must not keep the others from being told, and is looked at again: nobody has heard of this.
            is_whole = False
    return head if is_whole else after, found


def has_changed(repository: Repository, names: Collection[str], after: int, until: int) -> bool:
    """Return whether there is a record that a repository has still to get, behind a position.

    Args:
        repository: the repository.
        names: of the tables to look at.
        after, until: positions of the journal.
    """
    site = repository.site
    for name, filters in fetched(repository, sorted(names)).items():
        table = site.schema.get(name)
        if table is not None and site.store.scan(
            table,
            [table.key],
            after=max(after, repository.states.delivered(name)),
            until=until,
            limit=1,
            skip_origin=repository.id,
            filters=site.by_table(filters, name).get(name, ()),
        ):
            return True
    return False


def _names(repository: Repository) -> set[str]:
    """Return the tables that a site fetches, as far as it told; before it did, all that it ever fetched."""
    states = repository.states
    _, asked = states.question()
    told = {*states.standing().fetches, *(each.resource for each in read_pulls(asked))}
    return told or states.served_tables()
