"""Answers as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Callable

Answer = Mapping[str, Any]
SIGNS = {"good": "ok", "attention": "!!", "in the way": "NO"}


def checks(answer: Answer) -> Iterator[str]:
    """Yield a line for each check, and what to do below it."""
    for each in answer["checks"]:
        yield f"{SIGNS[each['result']]}  {each['check']}: {each['told']}"
        if each["remedy"]:
            yield f"      {each['remedy']}"


def install(answer: Answer) -> Iterator[str]:
    """Yield what was found, and what was or would be done."""
    yield from checks(answer)
    yield ""
    files = answer["files"]
    would = "would be " if answer["dry_run"] or answer["refused"] else ""
    yield f"{files['laid']} files of Eden Sync {answer['version']} {would}laid into {answer['eden']['folder']}."
    if files["replaced"]:
        kept = "They would be kept" if would else "They are kept"
        yield f"In the place of: {', '.join(files['replaced'])}. {kept} in private/eden-sync/before."
    if answer["refused"]:
        yield "Nothing was changed: see what is marked with NO."
    elif answer["dry_run"]:
        yield "Nothing was changed. Without --dry-run it is done."
    else:
        yield from _installed(answer)


def _installed(answer: Answer) -> Iterator[str]:
    database = answer["database"]
    backup = (database.get("backup") or {}).get("file")
    made = database.get("prepared") or {}
    yield (
        f"Database: {made.get('tables', 0)} tables, {made.get('columns', 0)} columns and {made.get('indices', 0)} "
        f"indices added, {made.get('records', 0)} records noted."
        + (f" A copy from before is {backup}." if backup else "")
    )
    finished = database.get("finished") or {}
    yield f"{finished.get('sealed', 0)} passwords sealed; changes in {finished.get('journaled', 0)} tables are noted."
    for path, (answered, _) in (finished.get("pages") or {}).items():
        yield f"{path} answers {answered}."
    yield "Now restart the web server and the scheduler's workers of this Eden."
    yield "Everything else is in its pages: Administration > Synchronization."
    yield "Back to how it was: ./eden-sync uninstall"


def status(answer: Answer) -> Iterator[str]:
    """Yield what is there."""
    if not answer["installed"]:
        yield f"Eden Sync is not installed in {answer['folder']} ({answer['kind']})."
        yield "Look whether it can be: ./eden-sync install --dry-run"
    else:
        yield f"Eden Sync {answer['version']} in {answer['folder']} ({answer['kind']}), run by {answer['python']}"
    yield from checks(answer)
    if "facts" in answer:
        yield f"The data model of {answer['facts']['tables']} tables is in {answer['facts']['file']}."


def uninstall(answer: Answer) -> Iterator[str]:
    """Yield what was given back, and what stays."""
    if answer["version"] is None:
        yield f"Eden Sync is not installed in {answer['eden']['folder']}: nothing to do."
        return
    opened = answer["database"].get("opened") or {}
    yield f"Eden Sync {answer['version']} is taken out; every file of this Eden is as it was before."
    if answer["stayed"]:
        yield f"Left as Eden's own upgrade has put it there: {', '.join(answer['stayed'])}"
    if "opened" in opened:
        yield f"{opened['opened']} passwords opened."
    for name in opened.get("unopened", ()):
        yield f"!!  The password of {name} could not be opened: enter it again."
    closed = answer["database"].get("closed") or {}
    if closed.get("tables") or closed.get("columns"):
        yield f"{len(closed['tables'])} tables and {len(closed['columns'])} columns dropped."
    elif closed:
        yield "Its tables and columns stay in the database, unused; uninstall --purge drops them."
    for each in closed.get("failed", ()):
        yield f"!!  {each}"
    for folder in answer["left"]:
        yield f"!!  {folder} stays: it is of somebody else, or somebody has put something there."
    if answer["key"]:
        yield (
            f"{answer['key']} stays: with it a later installation opens what is still sealed in the database, such as "
            "the passphrase of a stick. Remove it when that is not needed any more."
        )
    if answer["backup"]:
        yield f"The copy of the database from before stays in {answer['backup']}: remove it when you do not need it."
    yield "Now restart the web server and the scheduler's workers of this Eden."


PRINTERS: Mapping[str, Callable[[Answer], Iterator[str]]] = {
    "install": install,
    "upgrade": install,
    "status": status,
    "doctor": status,
    "uninstall": uninstall,
}
