"""Looks at an Eden before anything is changed: what is found there, and what stands in the way."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .eden import Eden
from .pythons import LOWEST, OPTIONAL, Python

#: Results of a check: as it should be; to be known; in the way of an installation.
GOOD, ATTENTION, IN_THE_WAY = "good", "attention", "in the way"
MEGABYTE = 1 << 20
#: Types of repositories that Eden Sync exchanges with.
TYPES = (
    "cap",
    "data",
    "eden",
    "folder",
    "ftp_files",
    "ftp_site",
    "s3_files",
    "s3_site",
    "sftp_files",
    "sftp_site",
    "stick",
    "webdav_files",
    "webdav_site",
)


@dataclass(frozen=True)
class Check:
    """Something that was looked at.

    Attributes:
        check: what.
        result: GOOD, ATTENTION or IN_THE_WAY.
        told: what was found.
        remedy: what to do, "" for nothing.
    """

    check: str
    result: str
    told: str
    remedy: str = ""


def in_the_way(checks: Iterable[Check]) -> list[Check]:
    """Return what keeps an installation from beginning."""
    return [each for each in checks if each.result == IN_THE_WAY]


def around(eden: Eden, python: Python) -> list[Check]:
    """Return what can be seen without asking the Eden.

    Args:
        eden: the Eden.
        python: that runs it.
    """
    return [_kind(eden), compiled(eden), _python(python), _packages(python), _started(eden)]


def _kind(eden: Eden) -> Check:
    names = {"eden-asp": "eden-asp (modules/core)", "classic": "classic Sahana Eden (modules/s3)"}
    return Check("Eden", GOOD, f"{names[eden.kind]}, version {eden.version or 'unknown'}, in {eden.folder}")


def compiled(eden: Eden) -> Check:
    """Return whether web2py runs what was compiled once instead of the models and controllers that lie there.

    Args:
        eden: the Eden.
    """
    folder = eden.folder / "compiled"
    if folder.is_dir() and any(folder.iterdir()):
        return Check(
            "Compiled",
            IN_THE_WAY,
            f"this Eden runs from {folder}, where a change of models and controllers is not seen",
            f"Remove the compiled application (admin interface, or rm -r {folder}), and compile it again afterwards.",
        )
    return Check("Compiled", GOOD, "no")


def _python(python: Python) -> Check:
    told = f"{python.version_name}, {python.path}"
    if python.version[:2] < LOWEST:
        return Check(
            "Python",
            IN_THE_WAY,
            told,
            "Eden Sync needs Python 3.9 or later. An Eden on an older one can be the other site.",
        )
    if not python.runs_web2py:
        return Check(
            "Python", IN_THE_WAY, f"{told}; it cannot run web2py", "Name the right one: --python PATH"
        )
    return Check("Python", GOOD, told)


def _packages(python: Python) -> Check:
    command = " ".join(python.install_command())
    if python.missing:
        return Check(
            "Packages",
            IN_THE_WAY,
            f"missing: {', '.join(python.missing)}",
            f"{command}   (or let it be done: --pip)",
        )
    if python.without:
        lacking = ", ".join(f"{name} ({OPTIONAL[name]})" for name in python.without)
        return Check("Packages", GOOD, f"complete; without {lacking}: {command}")
    return Check("Packages", GOOD, "complete")


def _started(eden: Eden) -> Check:
    databases = eden.folder / "databases"
    if databases.is_dir() and any(databases.glob("*.table")):
        return Check("First start", GOOD, "done: the database has its tables")
    return Check(
        "First start",
        IN_THE_WAY,
        f"this Eden was never started: there are no tables in {databases}",
        "Configure it and open it once in a browser, as its own instructions say.",
    )


def inside(eden: Eden, facts: Mapping[str, Any]) -> list[Check]:
    """Return what the Eden told of itself.

    Args:
        eden: the Eden.
        facts: as ``scripts/look.py`` tells them.
    """
    return [
        Check("web2py", GOOD, facts["web2py"] or "unknown version"),
        _module(facts),
        *_database(eden, facts),
        _contents(facts),
        *_types(facts),
        _running(facts),
        _workers(facts),
    ]


def _module(facts: Mapping[str, Any]) -> Check:
    if facts["module"]:
        return Check("Module sync", GOOD, "enabled")
    return Check(
        "Module sync",
        IN_THE_WAY,
        "switched off in this Eden",
        "Enable it: settings.modules in models/000_config.py or in the template has to name sync.",
    )


def _database(eden: Eden, facts: Mapping[str, Any]) -> Iterator[Check]:
    size = facts["bytes"]
    told = f"{facts['engine']}, {'unknown size' if size is None else f'{size / MEGABYTE:.1f} MB'}"
    yield Check("Database", GOOD, f"{told}; migrations are {'on' if facts['migrate'] else 'off'}")
    if facts["sqlite"]:
        free = shutil.disk_usage(eden.folder).free
        enough = free > 2 * (size or 0) + 100 * MEGABYTE
        yield Check(
            "Room for a backup",
            GOOD if enough else IN_THE_WAY,
            f"{free / MEGABYTE:.0f} MB free",
            "" if enough else "The database is copied before it is changed: make room on this disk.",
        )
    else:
        yield Check(
            "Backup",
            ATTENTION,
            f"of a database on a {facts['engine']} server only the sync_ tables are written down by this program",
            f"Make a backup of the whole database first: {DUMPS.get(facts['engine'], 'with its own tools')}",
        )


#: Engine -> the command for a backup.
DUMPS = {
    "postgres": "pg_dump -Fc -f eden-before.dump DATABASE",
    "mysql": "mysqldump --single-transaction DATABASE > eden-before.sql",
}


def _contents(facts: Mapping[str, Any]) -> Check:
    counts = facts["tables"]
    if counts["repository"] is None:
        return Check(
            "Synchronization",
            IN_THE_WAY,
            "the database has no table sync_repository",
            "Open Administration > Synchronization once with settings.base.migrate = True: Eden makes its tables then.",
        )
    names = (
        ("repository", "repositories"),
        ("task", "tasks"),
        ("resource_filter", "filters"),
        ("job", "jobs"),
    )
    told = ", ".join(f"{counts[key] or 0} {name}" for key, name in names)
    return Check("Synchronization", GOOD, f"{told}, {counts['log'] or 0} log entries: all are taken over")


def _types(facts: Mapping[str, Any]) -> Iterator[Check]:
    others = {kind: count for kind, count in facts["types"].items() if kind not in TYPES}
    if others:
        named = ", ".join(f"{kind} ({count})" for kind, count in sorted(others.items()))
        yield Check(
            "Repository types",
            ATTENTION,
            f"of types that Eden Sync does not exchange with: {named}",
            "They stay as they are, but no longer run here until Eden Sync is uninstalled.",
        )


def _running(facts: Mapping[str, Any]) -> Check:
    if facts["running"] is None:
        return Check("Running synchronization", GOOD, "none")
    return Check(
        "Running synchronization",
        IN_THE_WAY,
        f"one is running, since {facts['running'] or 'an unknown time'}",
        "Wait for its end. If it broke off long ago and only the mark is left, go on all the same: --force",
    )


def _workers(facts: Mapping[str, Any]) -> Check:
    count = facts["workers"]
    return Check("Workers", GOOD, f"{count} alive" if count else "none alive: jobs do not run by themselves")
