"""This site where it is laid over a complete Sahana Eden: prepared once, and opened in each of its requests.

A request of a person notes changes by the facts of the exchanged tables (``host.schema_facts``); only the
synchronisation itself asks for the schema of all tables, whose models take their time.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..core.atomic_write import replace_text
from ..core.clock import SystemClock
from ..core.schema import Schema
from ..database.tables import define as define
from ..database.tables.indices import prepare as prepare_indices
from ..host.living_eden import LivingEden
from ..host.schema_facts import VERSION, facts_of, schema_of
from ..site import Site
from . import preferences as preferences
from .eden_tables import prepare_tables

#: Below the application: the facts of the exchanged tables, and what says that the database is prepared.
FACTS = ("private", "eden-sync", "facts.json")
#: Milliseconds that a statement on SQLite waits for another writer: an Eden itself sets none.
PATIENCE = 60_000

logger = logging.getLogger("eden.sync")

#: Folder of an application -> when its facts were written, and what they say; None where they are damaged.
_read: dict[str, tuple[float, tuple[Schema, frozenset[str], str] | None]] = {}


def open_site(
    db: Any, s3db: Any, settings: Any, auth: Any, request: Any, T: Callable[[str], Any], workers: Any = None
) -> Site | None:
    """Return this site in a request or job, with the journal in place; None as long as nothing is prepared.

    Args:
        db, s3db, settings, auth, request, T: of the Eden.
        workers: its scheduler, None without one.
    """
    known = _facts(request.folder)
    if known is None:
        return None
    whole = request.controller == "sync" or bool(request.is_scheduler)
    site = _open(db, s3db, settings, auth, request, T, None if whole else known[0])
    site.install()
    if workers is not None:
        # A process that is forked while the heartbeat writes inherits SQLite's lock for ever.
        workers.use_spawn = True
    if whole:
        write_facts(site)
    return site


def prepare(db: Any, s3db: Any, settings: Any, auth: Any, request: Any) -> dict[str, int]:
    """Prepare the database of an Eden, in a process of its own Python; harmless when done again.

    Args:
        db, s3db, settings, auth, request: of the Eden, as its models leave them.

    Returns:
        what was made: numbers of tables, columns and indices, and of records noted.
    """
    made = prepare_tables(db, SystemClock())
    site = _open(db, s3db, settings, auth, request, str, None)
    exchanged = [site.schema.table(each) for each in sorted(_exchanged(site)) if each in site.schema]
    wanted = schema_of(facts_of(site.schema, [each.name for each in exchanged]))
    made["indices"] = prepare_indices(
        db, Schema({each.name: site.schema.table(each.name) for each in wanted})
    )
    site.config()
    db.commit()
    made["records"] = sum(site.journal.catch_up(each) for each in exchanged)
    db.commit()
    write_facts(site)
    return made


def write_facts(site: Site) -> None:
    """Write the facts of what is exchanged, where that has changed."""
    exchanged = _exchanged(site)
    path = site.folder.joinpath(*FACTS)
    known = _facts(str(site.folder))
    model = str(site.host.version())
    if known is not None and known[1:] == (exchanged, model):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_text(path, json.dumps(facts_of(site.schema, exchanged, model), default=str), lasting=True)


def _open(
    db: Any, s3db: Any, settings: Any, auth: Any, request: Any, T: Callable[[str], Any], noted: Schema | None
) -> Site:
    clock = SystemClock()
    define.define(db, clock, T, migrate=False)
    if db._dbname == "sqlite":
        db.executesql(f"PRAGMA busy_timeout = {PATIENCE};")
    host = LivingEden(db, s3db, settings, auth, request.folder, lambda: preferences.decided(db))
    name = request.env.http_host
    origin = f"{request.env.wsgi_url_scheme or 'http'}://{name}" if name else ""
    return Site(db, host, Path(request.folder), request.application, origin, clock, noted)


def _exchanged(site: Site) -> frozenset[str]:
    """Return the main tables that this site exchanges: by a task here, or because another site has asked."""
    name = site.store.columns.name
    tasks = site.store.rows(f"SELECT DISTINCT {name('resource_name')} FROM {name('sync_task')}")
    asked = site.store.rows(f"SELECT DISTINCT {name('tablename')} FROM {name('sync_checkpoint')}")
    return frozenset(row[0] for row in (*tasks, *asked) if row[0])


def _facts(folder: str) -> tuple[Schema, frozenset[str], str] | None:
    """Return what the facts say, read again after a change; None without them, or with those of another version.

    Damaged ones are logged once, and count as none: this runs for each page of the Eden.
    """
    path = Path(folder, *FACTS)
    try:
        written = path.stat().st_mtime
    except FileNotFoundError:
        return None
    known = _read.get(folder)
    if known is None or known[0] != written:
        try:
            found = json.loads(path.read_text("utf-8"))
            if found["version"] != VERSION:
                return None
            known = (written, (schema_of(found), frozenset(found["exchanged"]), str(found["model"])))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            logger.error(
                "%s is damaged (%s: %s): nothing is synchronised until it is made anew: ./eden-sync install",
                path,
                type(error).__name__,
                error,
            )
            known = (written, None)
        _read[folder] = known
    return known[1]
