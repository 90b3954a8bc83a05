"""What is there: the version that is laid, its files, and what the Eden itself answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .deriving import derived
from .eden import Eden
from .installing import SWITCHED_ON, Ask
from .laying import is_edens
from .looking import ATTENTION, GOOD, Check, around, in_the_way, inside
from .manifest import Condition, Manifest, State, read
from .payload import Payload
from .problems import Problem
from .pythons import Python


def status(eden: Eden, payload: Payload) -> dict[str, Any]:
    """Return what of ours is in an Eden; nothing is asked of it.

    Args:
        eden: the Eden.
        payload: what this program would lay.
    """
    manifest = read(eden)
    answer: dict[str, Any] = {
        "folder": str(eden.folder),
        "kind": eden.kind,
        "eden_version": eden.version,
        "installed": manifest is not None,
        "checks": [],
    }
    if manifest is not None:
        answer |= {
            "state": manifest.state.value,
            "version": manifest.version,
            "build": manifest.build,
            "python": manifest.python,
            "backup": (manifest.database.get("backup") or {}).get("file", ""),
            "checks": [vars(each) for each in _checks(eden, manifest, payload)],
        }
    answer["needs_attention"] = any(each["result"] != GOOD for each in answer["checks"])
    return answer


def _checks(eden: Eden, manifest: Manifest, payload: Payload) -> list[Check]:
    return [
        _finished(manifest),
        *_files(eden, manifest),
        _switched_on(eden),
        _same_eden(eden, manifest),
        _same_build(manifest, payload),
    ]


def _finished(manifest: Manifest) -> Check:
    told = {
        State.INSTALLED: "finished",
        State.INSTALLING: "broke off",
        State.UNINSTALLING: "broke off while it was taken out",
    }[manifest.state]
    if manifest.state is State.INSTALLED:
        return Check("Installation", GOOD, told)
    back = "uninstall, to go back" if manifest.state is State.INSTALLING else "uninstall, to finish it"
    return Check("Installation", ATTENTION, told, f"Give install once more, to go on, or {back}.")


def _files(eden: Eden, manifest: Manifest) -> list[Check]:
    conditions = manifest.conditions(eden.folder)
    odd = {path: each for path, each in conditions.items() if each is not Condition.LAID}
    if not odd:
        return [Check("Files", GOOD, f"{len(conditions)}, all as they were laid")]
    return [_odd(eden, path, each) for path, each in sorted(odd.items())]


def _odd(eden: Eden, path: str, condition: Condition) -> Check:
    if condition is Condition.BEFORE or (condition is Condition.CHANGED and is_edens(eden, path)):
        standing = (eden.folder / path).exists()
        told = "Eden's own file is back, as after an upgrade by git" if standing else "it is gone"
        return Check(path, ATTENTION, told, "Lay ours again: ./eden-sync upgrade")
    if condition is Condition.CHANGED:
        return Check(
            path,
            ATTENTION,
            "somebody has changed it",
            "Take the change out, or replace it by ours: ./eden-sync upgrade --force",
        )
    return Check(path, ATTENTION, condition.value, "Lay it again: ./eden-sync upgrade")


def _switched_on(eden: Eden) -> Check:
    facts = eden.home / SWITCHED_ON
    is_there = facts.is_file()
    if is_there and _is_whole(facts):
        return Check("Switched on", GOOD, "this Eden uses Eden Sync")
    return Check(
        "Switched on",
        ATTENTION,
        f"no: {facts} is {'damaged' if is_there else 'missing'}, so nothing is synchronised",
        "Prepare the database again: ./eden-sync install",
    )


def _is_whole(facts: Path) -> bool:
    try:
        return isinstance(json.loads(facts.read_text("utf-8")), dict)
    except ValueError:
        return False


def _same_eden(eden: Eden, manifest: Manifest) -> Check:
    if manifest.eden_version == eden.version:
        return Check("Eden", GOOD, f"{eden.kind}, version {eden.version or 'unknown'}")
    return Check(
        "Eden",
        ATTENTION,
        f"it is another version ({eden.version}) than when Eden Sync was laid ({manifest.eden_version})",
        "Lay it again, and look whether all works: ./eden-sync upgrade, then ./eden-sync doctor",
    )


def _same_build(manifest: Manifest, payload: Payload) -> Check:
    if manifest.build == payload.build:
        return Check("Version", GOOD, f"{manifest.version}, the same as this program's")
    return Check(
        "Version",
        ATTENTION,
        f"{manifest.version} ({manifest.build}); this program has {payload.version} ({payload.build})",
        "Lay this one: ./eden-sync upgrade, with the site stopped",
    )


def doctor(
    eden: Eden, payload: Payload, python: Python, ask: Ask, tries_callbacks: bool = False
) -> dict[str, Any]:
    """Return the status with what the Eden tells of itself; where it does not answer, that is one of the checks.

    Args:
        eden: the Eden.
        payload: what this program would lay.
        python: that runs the Eden.
        ask: asks it.
        tries_callbacks: whether callbacks are called for some records, to see what they change.
    """
    answer = status(eden, payload)
    checks = [each for each in around(eden, python) if each.check != "Eden"]
    if not in_the_way(checks):
        try:
            checks += inside(eden, ask("look"))
            if answer["installed"]:
                told = ask("finish")
                checks += [*pages(told), *callbacks(told)]
                checks += derived(ask("derived")) if tries_callbacks else []
        except Problem as problem:
            checks.append(Check("Eden answers", ATTENTION, problem.message, problem.remedy))
    answer["checks"] += [vars(each) for each in checks]
    answer["needs_attention"] = any(each["result"] != GOOD for each in answer["checks"])
    return answer


def pages(told: Mapping[str, Any]) -> list[Check]:
    """Return whether the application answers.

    Args:
        told: by ``scripts/finish.py``.
    """
    found = [
        Check(
            "Journal",
            GOOD if told["switched_on"] else ATTENTION,
            f"changes in {told.get('journaled', 0)} tables are noted: those exchanged, and what belongs to them",
            "" if told["switched_on"] else "Prepare the database again: ./eden-sync install",
        )
    ]
    for path, (answered, text) in told["pages"].items():
        fine = is_answer(answered)
        found.append(
            Check(
                path,
                GOOD if fine else ATTENTION,
                f"answers {answered}",
                "" if fine else f"Look into the newest file in errors/ of this Eden. It said: {text}",
            )
        )
    return found


#: Table whose callbacks have counterparts -> how much more CPU time an import takes without (docs/BENCHMARKS.md); those
#: that come along with others have no figure of their own.
SLOWER = {"org_office": 8, "hrm_human_resource": 6, "cr_shelter": 6, "org_organisation": 3, "pr_person": 1.2}
#: Why an Eden's callback is called a record at a time -> in words, with the names of functions.
WHY = {
    "absent": "this Eden has no callback for it",
    "several": "more than one callback is called for its records: {}",
    "code": "this Eden has other code than was compared: {}",
    "settings": "this Eden has other settings than were compared (docs/EDEN.md)",
}


def callbacks(told: Mapping[str, Any]) -> list[Check]:
    """Return for which tables callbacks are done for a page at once, and for which not.

    That they are not is no fault of this Eden, and nothing can be done about it: it needs no attention.

    Args:
        told: by ``scripts/finish.py``.
    """
    known = told.get("at_once") or []
    if not known:
        return []
    used = [table for table, reason, _ in known if not reason]
    found = [
        Check("Callbacks at once", GOOD, f"{len(used)} of {len(known)} tables: {', '.join(used) or 'none'}")
    ]
    for table, reason, functions in known:
        if reason:
            slower = SLOWER.get(table)
            cost = f"An import takes about {slower} times the CPU time." if slower else ""
            named = ", ".join(functions)
            found.append(
                Check(f"Callback of {table}", GOOD, f"a record at a time: {WHY[reason].format(named)}", cost)
            )
    return found


def is_answer(answered: str) -> bool:
    """Return whether a page of somebody who is not logged in is as it should be: shown, or asking who it is."""
    return answered[:3] in ("200", "303", "401", "403")


def is_working(told: Mapping[str, Any]) -> bool:
    """Return whether an Eden uses what is ours, and answers well.

    Args:
        told: by ``scripts/finish.py``.
    """
    return bool(told.get("switched_on")) and all(is_answer(each[0]) for each in told["pages"].values())
