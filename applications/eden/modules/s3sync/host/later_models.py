"""The models that a request which only asks may do without: they run once it needs the data model.

Most questions of other sites are answered from the journal and our own tables, while the data model of a process stays
the same: what the process knows of it (``schema``) is enough for them. To run all models takes longer than to answer.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any, Callable

from gluon import current
from gluon.compileapp import run_models_in

from .eden import EdenHost

#: What answers a question: the settings, the database with its users, our tables.
NEEDED = ("0000_sync.py", "000_config.py", "00_db.py", "01_later.py", "sync.py")
#: What may run later: the data model, and what only pages and workers use. A site that has other models than these
#: runs all of them at once, as nobody knows what they are for.
LATER = r"^(02_rest|10_\w+|menus|tasks|tasks_sync|tasks_upkeep|zz_schema|zz_sync|zzz_pages)\.py$"
_may_run_later = re.compile(LATER).match

#: Folder of an application, and fingerprint of its models.
ModelsKey = tuple[str, str]
#: The names of all tables that the models define.
_tables: dict[ModelsKey, tuple[str, ...]] = {}


def know(folder: str, fingerprint: str, tables: Iterable[str]) -> None:
    """Remember for the process which tables there are; the last model but one calls it.

    Args:
        folder: the application's folder.
        fingerprint: of its models (``SchemaGate.wanted``).
        tables: the names of all tables.
    """
    found, known = tuple(tables), _tables.get((folder, fingerprint), ())
    if len(found) != len(known) or {*found} != {*known}:
        _tables[folder, fingerprint] = found


def put_off(environment: Mapping[str, Any], fingerprint: str) -> LaterModels | None:
    """Let web2py run of the models that still follow only those in ``NEEDED``, where that is possible.

    Args:
        environment: the global names of the models, with what has run so far.
        fingerprint: as for ``know``.

    Returns:
        the others; None where they run as always.
    """
    folder = str(current.request.folder)
    if (folder, fingerprint) not in _tables or os.path.isdir(os.path.join(folder, "compiled")):
        return None
    with os.scandir(os.path.join(folder, "models")) as entries:
        others = [each for each in entries if each.name not in NEEDED]
    if any(each.is_dir() or (each.name[-3:] == ".py" and not _may_run_later(each.name)) for each in others):
        return None
    current.response.models_to_run = [rf"^{re.escape(NEEDED[-1])}$"]
    return LaterModels(environment, (folder, fingerprint))


class LaterModels:
    """The models of a request that were put off.

    Args:
        environment: as for ``put_off``.
        key: of the models.
    """

    def __init__(self, environment: Mapping[str, Any], key: ModelsKey) -> None:
        self._environment, self._key = environment, key
        self._after: list[Callable[[], None]] = []
        self._ran = False
        self._failure: Exception | None = None

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of all tables that there are once they have run."""
        return _tables[self._key]

    def after(self, work: Callable[[], None]) -> None:
        """Do something once they have run, if they do."""
        self._after.append(work)

    def run(self) -> None:
        """Run them, unless that was done.

        Raises:
            HTTP, RestrictedError: one of them refuses the request, or fails; again for whoever asks once more.
        """
        if self._failure is not None:
            # Half a data model would be taken for the whole one, by later requests of the process, too.
            raise self._failure
        if self._ran:
            return
        self._ran = True
        try:
            self._run()
        except Exception as failure:
            self._failure = failure
            raise

    def _run(self) -> None:
        current.response.models_to_run = [LATER]
        run_models_in(self._environment)
        for work in self._after:
            work()


class AskedHost(EdenHost):
    """The host of a request whose models were put off (port.Host).

    Args:
        later: these models.
        given: as for ``EdenHost``.
    """

    def __init__(self, later: LaterModels, *given: Any) -> None:
        super().__init__(*given)
        self._later = later

    def load_all(self) -> None:
        """See port.DataModel."""
        self._later.run()

    def version(self) -> tuple[str, ...]:
        """See port.DataModel: what it is once all models have run."""
        return self._later.tables

    def table(self, name: str) -> Any:
        """See port.DataModel."""
        self._later.run()
        return super().table(name)

    def config(self, table: str, key: str, default: Any = None) -> Any:
        """See port.DataModel."""
        self._later.run()
        return super().config(table, key, default)

    def components(self, table: str) -> Mapping[str, Any]:
        """See port.DataModel."""
        self._later.run()
        return super().components(table)

    def super_key(self, entity: str) -> str:
        """See port.DataModel."""
        self._later.run()
        return super().super_key(entity)

    def delete(self, table: str, keys: Iterable[int]) -> None:
        """See port.Host."""
        self._later.run()
        super().delete(table, keys)
