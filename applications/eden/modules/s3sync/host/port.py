"""The port to the host application: everything that synchronisation needs from it, in one Protocol.

``eden.EdenHost`` implements it with names that a Sahana Eden has; the bundled application has the same names.

How a page is framed is said in one place, ``views/sync/frame.html``: it extends the host's ``layout.html`` and links
style sheets and scripts, in the layout's block ``assets`` if there is one, else before the page. A host with themes
sets ``response.theme`` to "light", "dark" or "system"; without it pages are light.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Callable, NoReturn, Protocol

from .settings import SyncSettings


class DataModel(Protocol):
    """The tables of the host, and their configuration."""

    def load_all(self) -> None:
        """Define all tables of this site, if it defines them only when they are asked for."""

    def version(self) -> Hashable:
        """Return what is another one whenever the data model is."""

    def table(self, name: str) -> Any:
        """Return a pydal table, None if this site has none of that name."""

    def config(self, table: str, key: str, default: Any = None) -> Any:
        """Return a configuration value of a table: callbacks, rules, names of fields."""

    def components(self, table: str) -> Mapping[str, Any]:
        """Return the components of a table by alias, with ``tablename``, ``pkey`` and ``fkey``."""

    def super_key(self, entity: str) -> str:
        """Return the name of a super-entity's key."""

    def call(self, callback: Callable[..., Any], table: str, arguments: Sequence[Any]) -> Any:
        """Call a callback of a table, and return its result.

        Raises:
            CallbackFailed: it failed, and that concerns nothing but the record that it was called for.
        """

    def has_realm_rule(self, table: str) -> bool:
        """Return whether the realm entities of a table's records are set by ``set_realms`` after they are written."""

    def set_realms(self, table: str, keys: Sequence[int]) -> None:
        """Set the realm entities of records by the host's rules."""


class Rights(Protocol):
    """The current user, and what he may do."""

    @property
    def user_id(self) -> int | None:
        """The id of the current user, None if nobody is logged in."""

    def impersonate(self, user_id: int | None) -> bool:
        """Act as this user from now on, or as nobody; return whether there is such a user."""

    def act_for_the_site(self) -> None:
        """Act from now on as who may do what the synchronisation needs, where a job has no user."""

    def logged_in(self) -> bool:
        """Return whether the user is known."""

    def may_synchronise(self) -> bool:
        """Return whether the user may use the interface for other sites."""

    def may_administer(self) -> bool:
        """Return whether the user may see and change the configuration of the synchronisation."""

    def has_permission(self, method: str, table: str) -> bool:
        """Return whether the user may read, create, update or delete records of a table."""

    @property
    def limits_records(self) -> bool:
        """Whether the user may do with some records of a table what he may not do with others."""

    @property
    def trusts_this_machine(self) -> bool:
        """Whether who asks on this machine, and through no proxy that says so, may see the figures of this site."""

    def accessible(self, method: str, table: str) -> bool | str:
        """Return which records of a table the user may read, update or delete by the synchronisation.

        Returns:
            True for all, False for none, else an SQL query for their keys.
        """

    @property
    def rights_mark(self) -> str:
        """What is another text whenever the user may do something else."""

    def forbid(self) -> NoReturn:
        """Refuse the request; an unknown user has to log in.

        Raises:
            HTTP: the refusal, or a redirect to the login page.
        """


class Names(Protocol):
    """Names of tables, modules and records for people."""

    def title(self, table: str) -> str:
        """Return the title of a table's records, "" if there is none."""

    def module_title(self, prefix: str) -> str:
        """Return the title of a module, its prefix if there is none."""

    def name_fields(self, table: str) -> Sequence[str]:
        """Return the fields that form the name of a record."""

    def reference_labels(self, table: str, keys: Iterable[int]) -> dict[int, str]:
        """Return key -> name of records."""

    def accounts_page(self) -> str | None:
        """Return the page of the controller ``admin`` with the accounts, None if there is none."""

    def page_exists(self, controller: str, function: str) -> bool:
        """Return whether the application has a page of that name."""


class Host(DataModel, Rights, Names, Protocol):
    """The host application.

    Attributes:
        settings: this site's settings for the synchronisation.
    """

    settings: SyncSettings

    def on_define(self, callback: Callable[[Any], None]) -> None:
        """Call a function with each table when pydal defines it; lazy tables stay lazy."""

    def delete(self, table: str, keys: Iterable[int]) -> None:
        """Delete records by the host's rules, with all effects on other records.

        Raises:
            RowRefused: the host refuses it, for example because other records depend on one of them.
        """

    def reconnector(self) -> Callable[[], Any]:
        """Return what opens the database once more, for another thread."""

    def send_mail(self, recipients: Sequence[str], subject: str, text: str) -> str | None:
        """Send a mail; return what went wrong, None if nothing did."""
