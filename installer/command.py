"""The command ``./eden-sync``: its options, what it prints, its exit status."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import gzip
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import printing as printing
from .asking import Asker
from .checking import doctor, is_working, status
from .disk import Disk
from .eden import MARKS, Eden, find_eden
from .installing import Ask, Installing
from .laying import planned
from .looking import Check, around, in_the_way, inside
from .manifest import State, read
from .payload import Payload, find_payload
from .problems import Problem, file_problem
from .pythons import Python, find_python
from .removing import Removing

GOOD, ATTENTION, WRONG_USE, REFUSED, INTERRUPTED = 0, 1, 2, 3, 130
STATUSES = (
    "exit status: 0 all is well; 1 something needs attention; 2 wrong use; 3 refused, or it could not be finished "
    "(what was begun goes on with the same command, and back with uninstall); 130 interrupted"
)
EXAMPLE = "/home/web2py/applications/eden"
#: Command -> what it does, and an example.
COMMANDS = {
    "install": (
        "look at an Eden, and put Eden Sync into it; --dry-run only looks",
        f"./eden-sync install --into {EXAMPLE} --dry-run",
    ),
    "status": ("which version is there, and whether its files are as they were laid", "./eden-sync status"),
    "doctor": ("the same, and ask the Eden: database, packages, its pages", "./eden-sync doctor --json"),
    "upgrade": (
        "lay this version where another one is, also after Eden's own upgrade put its file back",
        f"./eden-sync upgrade --into {EXAMPLE}",
    ),
    "uninstall": ("give everything back as it was", f"./eden-sync uninstall --from {EXAMPLE}"),
}


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--into",
        "--in",
        "--from",
        dest="into",
        type=Path,
        metavar="FOLDER",
        help="the application's folder of the Eden (default: the current folder)",
    )
    common.add_argument(
        "--web2py", type=Path, metavar="FOLDER", help="the web2py around it (default: two folders above)"
    )
    common.add_argument(
        "--python", metavar="PATH", help="the Python that runs it (default: looked for, and told)"
    )
    common.add_argument("--json", action="store_true", help="print the answer as one JSON object")
    result = argparse.ArgumentParser(
        prog="./eden-sync",
        allow_abbrev=False,
        description="Puts Eden Sync into a Sahana Eden that you have, and takes it out again. Nothing of that Eden is "
        "changed but by install, upgrade and uninstall.",
        epilog=f"Example: {COMMANDS['install'][1]}. {STATUSES}.",
    )
    result.add_argument("--version", action="store_true", help="print the version that this program lays")
    kinds = result.add_subparsers(dest="command", metavar="COMMAND")
    parts = {
        name: kinds.add_parser(
            name,
            parents=[common],
            allow_abbrev=False,
            help=text,
            description=text,
            epilog=f"Example: {example}. {STATUSES}.",
        )
        for name, (text, example) in COMMANDS.items()
    }
    for name in ("install", "upgrade"):
        parts[name].add_argument(
            "--dry-run", action="store_true", help="only say what is found and what would be done"
        )
        parts[name].add_argument(
            "--pip", action="store_true", help="install the packages that the Eden's Python lacks"
        )
    for name in ("install", "upgrade", "uninstall"):
        parts[name].add_argument(
            "--force",
            action="store_true",
            help="go on although a file was changed or a run seems to be under way",
        )
    parts["doctor"].add_argument(
        "--facts",
        type=Path,
        metavar="FILE",
        help="also write the data model of the Eden into this file: names and kinds of tables and fields, no "
        "records and no code (JSON, packed with gzip)",
    )
    parts["doctor"].add_argument(
        "--callbacks",
        action="store_true",
        help="also call the callbacks of exchanged tables for their newest records, say what these change, with "
        "the lines for the profile, and undo it (not on a site at work: a callback may send a mail)",
    )
    parts["uninstall"].add_argument(
        "--purge",
        action="store_true",
        help="also drop our tables and columns, the key of passwords, and the backup of the database",
    )
    return result


def main(arguments: Sequence[str]) -> int:
    """Run ``./eden-sync`` with these arguments and return the exit status."""
    known = parser()
    try:
        options = known.parse_args(arguments)
        if not options.version and options.command is None:
            known.error("a command is needed")
    except SystemExit as ended:
        return int(ended.code or 0)
    if options.version:
        print(f"Eden Sync {find_payload().version} ({find_payload().build})")
        return GOOD
    try:
        answer = answer_to(options)
    except Problem as problem:
        return refused(problem, options.json)
    except OSError as error:
        return refused(file_problem(error), options.json)
    except KeyboardInterrupt:
        print("\nInterrupted. The same command goes on, uninstall goes back.", file=sys.stderr)
        return INTERRUPTED
    with contextlib.suppress(BrokenPipeError):
        if options.json:
            print(json.dumps(answer, indent=1, ensure_ascii=False))
        else:
            print("\n".join(printing.PRINTERS[options.command](answer)))
    return REFUSED if answer.get("refused") else ATTENTION if answer.get("needs_attention") else GOOD


def refused(problem: Problem, as_json: bool) -> int:
    """Say why a command was not carried out; return the exit status."""
    if as_json:
        print(json.dumps({"error": problem.message, "remedy": problem.remedy}, ensure_ascii=False))
    else:
        print(f"{problem.message}\n{problem.remedy}", file=sys.stderr)
    return REFUSED


def answer_to(options: argparse.Namespace) -> dict[str, Any]:
    """Carry out a command and return what came of it.

    Raises:
        Problem: it cannot be carried out.
        OSError: a file cannot be read or written.
    """
    eden = find_eden(options.into or Path.cwd(), options.web2py)
    if options.command == "status":
        return status(eden, find_payload())
    known = read(eden)
    python = find_python(eden, options.python, known.python if known else "")
    if options.command == "doctor":
        ask = Asker(eden, python.path)
        answer = doctor(eden, find_payload(), python, ask, options.callbacks)
        if options.facts:
            answer["facts"] = write_facts(eden, ask, options.facts)
        return answer
    with alone(eden) as lock:
        ask = Asker(eden, python.path, lock)
        if options.command == "uninstall":
            return uninstall(eden, ask, options)
        if options.command == "upgrade" and known is None:
            raise Problem(
                f"Eden Sync is not installed in {eden.folder}.", "Install it: ./eden-sync install --into ..."
            )
        return install(eden, python, ask, options)


@contextlib.contextmanager
def alone(eden: Eden) -> Iterator[int]:
    """Let no other installer work on the same Eden meanwhile; return the lock.

    Raises:
        Problem: one does.
    """
    handle = os.open(eden.folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield handle
    except BlockingIOError:
        raise Problem(
            f"Another ./eden-sync is at work in {eden.folder}.", "Wait until it has ended."
        ) from None
    finally:
        os.close(handle)


def install(eden: Eden, python: Python, ask: Ask, options: argparse.Namespace) -> dict[str, Any]:
    """Install or upgrade; with ``--dry-run`` only look."""
    payload = find_payload()
    if options.pip and python.missing and not options.dry_run:
        python = with_packages(eden, python, payload.packages)
    facts, checks = look(eden, python, ask)
    obstacles = [each for each in in_the_way(checks) if not (options.force and each.check in FORCED)]
    answer: dict[str, Any] = {
        "eden": described(eden),
        "version": payload.version,
        "checks": [vars(each) for each in checks],
        "dry_run": options.dry_run,
        "files": plan(eden, payload, options.force),
        "refused": bool(obstacles),
    }
    if obstacles or options.dry_run:
        return answer
    say = quiet if options.json else tell
    manifest = Installing(Disk(), eden, payload, ask, say).run(facts, python.path, options.force)
    answer["database"] = dict(manifest.database)
    answer["state"] = manifest.state.value
    answer["needs_attention"] = not is_working(manifest.database.get("finished") or {})
    return answer


def write_facts(eden: Eden, ask: Ask, target: Path) -> dict[str, Any]:
    """Write the data model of an Eden into a file; return where, and how many tables it has."""
    told = {"kind": eden.kind, "version": eden.version, **ask("facts")}
    text = json.dumps(told, separators=(",", ":"), sort_keys=True)
    target.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    return {"file": str(target), "tables": len(told["tables"])}


#: Checks whose result an administrator may overrule.
FORCED = ("Running synchronization",)


def look(eden: Eden, python: Python, ask: Ask) -> tuple[Mapping[str, Any], list[Check]]:
    """Return what the Eden told of itself, and all checks; it is not asked where it could not answer."""
    checks = around(eden, python)
    if in_the_way([each for each in checks if each.check != "Packages"]):
        return {}, checks
    facts = ask("look")
    return facts, [*checks, *inside(eden, facts)]


def with_packages(eden: Eden, python: Python, wheels: Mapping[str, bytes]) -> Python:
    """Install what a Python lacks, and return what it has then.

    Args:
        eden: the Eden.
        python: that runs it.
        wheels: file name -> content of packages that are at hand; with none they are fetched from the network.

    Raises:
        Problem: pip could not.
    """
    with tempfile.TemporaryDirectory(prefix="eden-sync-") as folder:
        for name, content in wheels.items():
            (Path(folder) / name).write_bytes(content)
        at_hand = ["--no-index", "--find-links", folder] if wheels else []
        done = subprocess.run([*python.install_command(), *at_hand], capture_output=True, text=True)
        if done.returncode and python.without:
            # What is not needed may be missing.
            needed = python.install_command(needed_only=True)
            done = subprocess.run([*needed, *at_hand], capture_output=True, text=True)
    found = find_python(eden, python.path)
    if found.missing:
        last = (done.stderr.strip() or done.stdout.strip() or "pip said nothing").splitlines()[-1]
        raise Problem(
            f"pip could not install {', '.join(found.missing)}: {last}",
            f"Install it by hand: {' '.join(found.install_command())}",
        )
    return found


def plan(eden: Eden, payload: Payload, force: bool) -> dict[str, Any]:
    """Return what would be laid: the number of files, and which files of this Eden give their place to ours."""
    manifest = planned(eden, payload, read(eden), force=force)
    return {
        "laid": len(payload.files),
        "replaced": [each.path for each in manifest.files if each.before is not None],
        "folders": list(manifest.folders),
    }


def described(eden: Eden) -> dict[str, str]:
    """Return an Eden for JSON."""
    return {"folder": str(eden.folder), "kind": eden.kind, "version": eden.version, "mark": MARKS[eden.kind]}


def uninstall(eden: Eden, ask: Ask, options: argparse.Namespace) -> dict[str, Any]:
    """Uninstall."""
    say = quiet if options.json else tell
    removed = Removing(Disk(), eden, ask, say).run(options.purge, options.force)
    opened = removed.database.get("opened") or {}
    return {
        "eden": described(eden),
        **vars(removed),
        "state": State.UNINSTALLING.value if removed.version is None else "uninstalled",
        "needs_attention": bool(removed.left or opened.get("unopened") or "failed" in opened),
    }


def tell(step: str) -> None:
    """Print a step as it begins."""
    print(f"{step} ...", flush=True)


def quiet(step: str) -> None:
    """Keep the standard output for the JSON."""
