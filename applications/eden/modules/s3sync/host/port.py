"""What synchronisation asks of the application around it: one Protocol, and no other way.

``eden.EdenHost`` implements it on names that a Sahana Eden has; the bundled application has the same names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Callable, NoReturn, Protocol

from .settings import SyncSettings

#: The view that pages of the synchronisation extend, beside their own: every host has it.
LAYOUT = "layout.html"


class DataModel(Protocol):
    """The tables of the host, and what it says of them."""

    def table(self, name: str) -> Any:
        """Return a table of pydal, None where this site has none of that name."""

    def config(self, table: str, key: str, default: Any = None) -> Any:
        """Return what is configured for a table: callbacks, rules, names of fields."""

    def components(self, table: str) -> Mapping[str, Any]:
        """Return the components of a table by alias, with ``tablename``, ``pkey`` and ``fkey``."""

    def super_key(self, entity: str) -> str:
        """Return the name of the key of a super-entity."""


class Rights(Protocol):
    """Who asks, and what they may do."""

    @property
    def user_id(self) -> int | None:
        """The account that asks, None for nobody in particular."""

    def impersonate(self, user_id: int | None) -> bool:
        """Go on with the rights of an account, or of nobody; return whether there is such an account."""

    def logged_in(self) -> bool:
        """Tell whether it is known who asks."""

    def may_synchronise(self) -> bool:
        """Tell whether who asks may use the interface for other sites."""

    def may_administer(self) -> bool:
        """Tell whether who asks may see and change what is synchronised."""

    def has_permission(self, method: str, table: str) -> bool:
        """Tell whether who asks may read, create, update or delete records of a table."""

    def forbid(self) -> NoReturn:
        """Refuse the request: who is not known has to log in.

        Raises:
            HTTP: the refusal, or the way to the login page.
        """


class Names(Protocol):
    """What things are called for a person."""

    def title(self, table: str) -> str:
        """Return what the records of a table are called, "" where nobody said."""

    def module_title(self, prefix: str) -> str:
        """Return what a module is called, its prefix where nobody said."""

    def name_fields(self, table: str) -> Sequence[str]:
        """Return the fields that hold the name of a record."""

    def reference_labels(self, table: str, keys: Iterable[int]) -> dict[int, str]:
        """Return what records are called, by key."""

    def accounts_page(self) -> str | None:
        """Return the page of the controller ``admin`` that shows accounts, None where there is none."""

    def page_exists(self, controller: str, function: str) -> bool:
        """Tell whether the application has a page of that name."""


class Host(DataModel, Rights, Names, Protocol):
    """The application around the synchronisation.

    Attributes:
        settings: what this site decided about its synchronisation.
    """

    settings: SyncSettings

    def on_define(self, callback: Callable[[Any], None]) -> None:
        """Have a function called with each table as soon as it is really defined; lazy tables stay lazy."""

    def delete(self, table: str, keys: Iterable[int]) -> None:
        """Delete records by the host's rules, with all consequences.

        Raises:
            RowRefused: the host refuses it, as when others depend on one of them.
        """

    def reconnector(self) -> Callable[[], Any]:
        """Return what opens the database once more, for another thread."""

    def send_mail(self, recipients: Sequence[str], subject: str, text: str) -> str | None:
        """Send a mail; return what went wrong, None if nothing did."""
