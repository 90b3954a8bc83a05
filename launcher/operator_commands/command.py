"""The command ``./eden``: its options, what it prints, its exit status."""

from __future__ import annotations

import argparse
import contextlib
import getpass
import json
import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..backups.make import make_backup
from ..backups.put_back import restore
from ..backups.stopped import kept_stopped
from ..configuration import SiteConfiguration, read_configuration
from ..hidden_options import revealed
from ..moves.make import move_database
from ..places import CHECKOUT
from ..problems import Problem
from . import printing as printing
from .asking import KnownSite, ask, ensure_own, find_site, folder_of
from .checks import around

GOOD, ATTENTION, WRONG_USE, CLOSED, INTERRUPTED = 0, 1, 2, 3, 130
STATUSES = (
    "exit status: 0 all is well; 1 something needs attention (or a run failed); 2 wrong use, such as a repository that "
    "is not there; 3 the site cannot be opened; 130 interrupted"
)
#: Command -> what it does, and an example.
COMMANDS = {
    "status": ("whether the site and its repositories are in order", "./eden status"),
    "repositories": ("every repository with its state and what waits", "./eden repositories --json"),
    "sync": ("start a run now", "./eden sync Headquarters --wait"),
    "conflicts": (
        "conflicts and rejected records that need a decision",
        "./eden conflicts --repository Headquarters",
    ),
    "log": ("the log of the synchronization, newest first", "./eden log --trouble --since 2026-11-01"),
    "invite": ("make the code of an invitation", "./eden invite Nairobi --scope Field"),
    "join": ("take up an invitation: its code, or a file with it", "./eden join invitation.txt"),
    "prescription": (
        "what a repository prescribes here, and what of it waits for consent",
        "./eden prescription Headquarters",
    ),
    "apply": (
        "set the site up from one file: accounts, scopes, repositories, resources, filters, policies, schedules",
        "./eden apply site.toml --dry-run",
    ),
    "doctor": ("look for what is wrong: rights, disk, packages, database, clocks", "./eden doctor"),
    "reset-password": ("give a user another password", "./eden reset-password ann@example.org"),
    "backup": (
        "write the whole site into one file, while it runs",
        "./eden backup /backup/eden-2026-11-29.tar.gz",
    ),
    "move-database": (
        "move all records into another database; the site must be stopped",
        "./eden move-database --database postgres://eden:secret@localhost/eden",
    ),
    "restore": (
        "put a backup back; the site must be stopped",
        "./eden restore /backup/eden-2026-11-29.tar.gz",
    ),
}


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--instance",
        type=Path,
        metavar="FOLDER",
        default=argparse.SUPPRESS,
        help="the site's folder (default: $EDEN_HOME, the current folder if it is one, else instance/ in the checkout)",
    )
    common.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="print the answer as one JSON object"
    )
    result = argparse.ArgumentParser(
        prog="./eden",
        parents=[common],
        description="Asks a site of this checkout, whether it is running or not. Nothing is started or changed but by "
        "sync, invite, join, prescription --accept, apply, reset-password, restore and move-database.",
        epilog=f"Example: {COMMANDS['status'][1]}. {STATUSES}.",
    )
    result.add_argument("--version", action="version", version=f"Eden Sync {version()}")
    kinds = result.add_subparsers(dest="command", metavar="COMMAND", required=True)
    parts = {
        name: kinds.add_parser(
            name, parents=[common], help=text, description=text, epilog=f"Example: {example}. {STATUSES}."
        )
        for name, (text, example) in COMMANDS.items()
    }
    parts["sync"].add_argument(
        "repository", nargs="?", help="name or number; without it all that this site asks"
    )
    parts["sync"].add_argument("--wait", action="store_true", help="follow the run until it has ended")
    for name in ("conflicts", "log"):
        parts[name].add_argument("--repository", help="name or number")
        parts[name].add_argument("--page", type=int, default=1, help="page of a long list (50 to a page)")
    parts["log"].add_argument("--trouble", action="store_true", help="only what failed")
    parts["log"].add_argument("--since", metavar="DAY", type=_day, help="year-month-day (UTC)")
    parts["log"].add_argument("--search", metavar="TEXT", help="text in the message or the remedy")
    parts["invite"].add_argument("name", help="of the site, as it is listed here")
    parts["invite"].add_argument("--scope", required=True, help="name of what it may read and write here")
    parts["invite"].add_argument(
        "--minutes", type=int, default=15, help="how often it exchanges; 0 for not by itself (default: 15)"
    )
    parts["invite"].add_argument(
        "--days", type=int, default=7, help="for how many days it can be taken up (default: 7)"
    )
    parts["invite"].add_argument("--address", metavar="URL", help="at which the site reaches this one")
    parts["join"].add_argument("code", help="the code, or a file with it")
    parts["prescription"].add_argument("repository", help="name or number")
    parts["prescription"].add_argument(
        "--accept",
        metavar="MARK",
        help="accept what waits for consent: the mark that the command has shown for it",
    )
    parts["apply"].add_argument("file", type=Path, help="in TOML, with version = 1")
    parts["apply"].add_argument(
        "--dry-run",
        action="store_true",
        help="store nothing, and show what would change (exit status 1 if something would)",
    )
    parts["reset-password"].add_argument("email", help="address with which the user logs in")
    parts["reset-password"].add_argument(
        "--ask",
        action="store_true",
        help="ask for the password, or read it from a pipe; without it one is made up",
    )
    parts["backup"].add_argument("file", type=Path, help="the new file")
    parts["backup"].add_argument(
        "--with-key",
        action="store_true",
        help="also the key of other sites' passwords: whoever has the file can read them then",
    )
    parts["restore"].add_argument(
        "file", type=Path, nargs="?", help="the backup; without it a restore goes on that was broken off"
    )
    parts["restore"].add_argument(
        "--key",
        type=Path,
        metavar="FILE",
        help="the vault.key that was kept apart (default: the one that is here)",
    )
    parts["move-database"].add_argument(
        "--database",
        metavar="URI",
        help="an empty one: postgres://user:password@host/name, mysql://user:password@host/name or "
        "sqlite://storage.sqlite (also as $EDEN_DATABASE)",
    )
    return result


def _day(text: str) -> str:
    import datetime

    try:
        return datetime.datetime.strptime(text, "%Y-%m-%d").strftime("%Y-%m-%d")
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no day such as 2026-11-29") from None


def version() -> str:
    """Return the version of the checkout."""
    scope: dict[str, Any] = {}
    exec((CHECKOUT / "applications/eden/modules/s3sync/__init__.py").read_text(encoding="utf-8"), scope)
    return str(scope["VERSION"])


def main(arguments: Sequence[str]) -> int:
    """Run ``./eden`` with these arguments and return the exit status."""
    try:
        options = parser().parse_args(arguments)
    except SystemExit as ended:
        return int(ended.code or 0)
    as_json = getattr(options, "json", False)
    try:
        answer = answer_to(options)
    except Problem as problem:
        return refused({"error": problem.message, "remedy": problem.remedy}, as_json, CLOSED)
    except KeyboardInterrupt:
        print("\nInterrupted. A run that was started goes on.", file=sys.stderr)
        return INTERRUPTED
    if "error" in answer:
        return refused(answer, as_json, WRONG_USE)
    with contextlib.suppress(BrokenPipeError):
        if as_json:
            print(json.dumps(answer, indent=1, ensure_ascii=False))
        else:
            for line in printing.PRINTERS[options.command](answer):
                print(line)
    return ATTENTION if answer.get("needs_attention") else GOOD


def refused(answer: Mapping[str, Any], as_json: bool, status: int) -> int:
    """Say why there is no answer; return the exit status."""
    if as_json:
        print(json.dumps({"error": answer["error"], "remedy": answer["remedy"]}, ensure_ascii=False))
    else:
        print(f"{answer['error']}\n{answer['remedy']}", file=sys.stderr)
    return status


def answer_to(options: argparse.Namespace) -> dict[str, Any]:
    """Return the site's answer to a command.

    Raises:
        Problem: the site cannot be opened.
    """
    if options.command == "restore":
        return put_back(folder_of(getattr(options, "instance", None)), options.file, options.key)
    site = find_site(getattr(options, "instance", None))
    if options.command == "move-database":
        return move(site, options.database, getattr(options, "json", False))
    if options.command == "backup":
        return make_backup(site.home, site.configuration, options.file, version(), options.with_key)
    if options.command == "reset-password":
        return reset_password(site, options.email, options.ask)
    if options.command == "doctor":
        return doctor(site)
    names = [
        *("command", "repository", "wait", "page", "trouble", "since", "search"),
        *("name", "scope", "minutes", "days", "address", "code", "file", "dry_run", "accept"),
    ]
    given = {name: getattr(options, name) for name in names if hasattr(options, name)}
    if "file" in given:
        # The application works in the site's folder.
        given["file"] = str(given["file"].expanduser().absolute())
    if "code" in given:
        given["code"] = code_of(given["code"])
    return asked(site, given, getattr(options, "json", False))


def code_of(given: str) -> str:
    """Return the code of an invitation: as it was given, or that in a file of this name."""
    path = Path(given)
    # A code is longer than the name of a file may be.
    return path.read_text("utf-8", "replace") if len(given) < 256 and path.is_file() else given


def asked(site: KnownSite, given: Mapping[str, Any], quiet: bool = True) -> dict[str, Any]:
    """Return what the application answers to a command."""

    def tell(news: Mapping[str, Any]) -> None:
        if not quiet:
            print(printing.news(news), flush=True)

    answer: dict[str, Any] = ask(site, "operate", [json.dumps(given)], tell)
    return answer


def doctor(site: KnownSite) -> dict[str, Any]:
    """Return all checks; where the site cannot be opened, this is one of them."""
    checks: list[dict[str, str]] = [*around(site)]
    try:
        answer = asked(site, {"command": "doctor"})
    except Problem as problem:
        answer = {"error": problem.message, "remedy": problem.remedy}
    if "error" in answer:
        checks.append(
            {"check": "database", "result": "attention", "told": answer["error"], "remedy": answer["remedy"]}
        )
    checks += answer.get("checks", [])
    return {"checks": checks, "needs_attention": any(each["result"] == "attention" for each in checks)}


def put_back(home: Path, backup: Path | None, key: Path | None) -> dict[str, Any]:
    """Put a backup in the place of what a site holds.

    Raises:
        Problem: the site runs, is another user's, or the backup cannot be put back.
    """
    if backup is not None:
        find_site(home)
    if not home.is_dir():
        raise Problem(f"There is no site in {home}.", "Make one first: ./run --instance FOLDER --exit")
    ensure_own(home)
    configuration = read_configuration(home)
    with kept_stopped(home, configuration or SiteConfiguration()):
        return {**restore(home, configuration, backup, key), "home": str(home)}


def move(site: KnownSite, database: str | None, quiet: bool) -> dict[str, Any]:
    """Move the records of a site into another database.

    Raises:
        Problem: none is named, the site runs, or they cannot be moved.
    """
    target = revealed(database, "--database") or os.environ.get("EDEN_DATABASE")
    if not target:
        raise Problem("No database is named.", f"For example: {COMMANDS['move-database'][1]}")

    def tell(news: Mapping[str, Any]) -> None:
        if not quiet:
            print(printing.news_of_move(news), flush=True)

    with kept_stopped(site.home, site.configuration):
        return {**move_database(site.home, site.configuration, target, tell), "home": str(site.home)}


def reset_password(site: KnownSite, email: str, by_hand: bool) -> dict[str, Any]:
    """Give a user another password; return it if it was made up here."""
    password = _entered() if by_hand else secrets.token_urlsafe(9)
    answer: dict[str, Any] = ask(
        site, "set_password", [], lambda news: None, {"EDEN_EMAIL": email, "EDEN_PASSWORD": password}
    )
    return answer if by_hand or "error" in answer else {**answer, "password": password}


def _entered() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("New password: ")
    return sys.stdin.readline().rstrip("\n")
