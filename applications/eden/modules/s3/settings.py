"""``deployment_settings``: the settings of a site.

A site overrides the defaults in its ``private/appconfig.ini``, or in ``models/000_config.py`` by
``settings.set(section, key, value)``. ``s3sync.host.settings`` reads the settings of the synchronisation.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Set
from typing import Any

from gluon.storage import Storage

from s3sync.host.ini import IniSettings, SettingsError, chosen_in, place_in_code

from .users.client_address import Network, networks


class S3Settings(IniSettings):
    """Settings of one site.

    Args:
        folder: the application's folder (where ``private/`` and ``databases/`` are); None for defaults only.

    Attributes:
        modules: module name -> Storage(name_nice, description, restricted, access, module_type). A module
            that is not listed does not exist: no controller, no tables, no menu entry.
        base, security, db, mail, sync, web: values set in code, by section, as in Eden.
    """

    def __init__(self, folder: str | None = None) -> None:
        super().__init__(folder, chosen_in(self))
        self.folder = folder
        self.modules: OrderedDict[str, Any] = OrderedDict()
        self.base, self.security, self.db = Storage(), Storage(), Storage()
        self.mail, self.sync, self.web = Storage(), Storage(), Storage()

    def set(self, section: str, key: str, value: Any) -> None:
        """Set a value in code; the file does not override it."""
        part, name = place_in_code(section, key)
        getattr(self, part)[name] = value

    def has_module(self, name: str) -> bool:
        """Return whether a module is enabled at this site."""
        return name in self.modules

    def get_module_roles(self, name: str) -> Set[int] | None:
        """Return the roles that may use a module, from its ``access`` such as "|1|2|"; None if everybody may."""
        module = self.modules.get(name)
        access = getattr(module, "access", None) if module is not None else None
        if not access:
            return None
        return {int(role) for role in str(access).split("|") if role.strip().isdigit()}

    # Database and site

    def get_database_uri(self) -> str:
        """[db] uri: a pydal connection string. Default: an SQLite file in databases/."""
        return self.text("db", "uri", "sqlite://storage.sqlite") or ""

    def get_database_pool_size(self) -> int:
        """[db] pool_size: connections a process keeps open. Default: 10."""
        return int(self.number("db", "pool_size", 10))

    def get_system_name(self) -> str:
        """[site] name: what this site is called. Default: Eden."""
        return self.text("site", "name", "Eden") or ""

    def get_trusted_proxies(self) -> list[Network]:
        """[web] trusted_proxies: addresses or networks of the proxies in front of this site. Default: none.

        Raises:
            SettingsError: one of them is none.
        """
        text = self.text("web", "trusted_proxies", "") or ""
        try:
            return networks(text)
        except ValueError as error:
            raise SettingsError(f"[web] trusted_proxies in private/appconfig.ini: {error}") from error

    def get_security_registration(self) -> bool:
        """[site] self_registration: whether strangers may register as users. Default: no."""
        return self.flag("site", "self_registration", False)
