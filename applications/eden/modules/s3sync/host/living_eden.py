"""The host port for a complete Sahana Eden, which defines its tables only when somebody asks for them.

It answers as ``eden.EdenHost`` does, and differs where an Eden has more than the bundled application: models that are
loaded by name, and configuration that lies in the models of this request.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from .eden import EdenHost

#: What decides of an Eden's data model, below the application: its models, templates and settings.
_CODE = ("models", "modules/s3db", "modules/templates", "modules/s3cfg.py", "VERSION")


class LivingEden(EdenHost):
    """A complete Eden in a request or a job (port.Host); see ``EdenHost`` for the arguments."""

    _version: str | None = None
    _loaded = False

    def load_all(self) -> None:
        """See port.DataModel."""
        if not self._loaded:
            self._s3db.load_all_models()
            self._loaded = True

    def version(self) -> str:
        """See port.DataModel: which code defines the tables, not which of them this request has asked for."""
        if self._version is None:
            self._version = f"{max(self._times(), default=0.0):.6f} {self._deployment.get_template()}"
        return self._version

    def _times(self) -> Iterator[float]:
        for name in _CODE:
            path = os.path.join(self._folder, *name.split("/"))
            if os.path.isfile(path):
                yield os.stat(path).st_mtime
            for folder, inner, files in os.walk(path):
                inner[:] = [each for each in inner if each not in ("__pycache__", "views")]
                yield from (
                    os.stat(os.path.join(folder, each)).st_mtime for each in files if each[-3:] == ".py"
                )

    def table(self, name: str) -> Any:
        """See port.DataModel: some tables are made beside others, and not found by their own names."""
        found = self._known(name)
        if found is None and not self._loaded:
            found = self._s3db.table(name, None, db_only=True)
            if found is None:
                self.load_all()
                found = self._known(name)
        return found

    def _known(self, name: str) -> Any:
        return self._db[name] if name in self._db.tables else None

    def config(self, table: str, key: str, default: Any = None) -> Any:
        """See port.DataModel: a table that is not loaded would have none."""
        self.table(table)
        return super().config(table, key, default)

    def components(self, table: str) -> Mapping[str, Any]:
        """See port.DataModel."""
        return {} if self.table(table) is None else super().components(table)
