"""Sets the site up from one file, and says what that changed."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..active import registration as registration
from ..administration import from_file as from_file
from ..core.errors import SyncError
from ..site import Site
from .words import Refusal

#: Maximum bytes of a file.
LARGEST = 4 * 1024 * 1024


def apply(site: Site, given: Mapping[str, Any]) -> dict[str, Any]:
    """Let the site be as a file says, and register where it is not registered yet.

    Args:
        site: this site.
        given: file (its path), dry_run.

    Raises:
        Refusal: the file cannot be read, or something in it is wrong; nothing was changed.
    """
    path, dry_run = Path(given["file"]), bool(given.get("dry_run"))
    text = _read(path)
    try:
        found = from_file.carry_out(site, text, path.parent, dry_run)
    except from_file.FileRefused as refused:
        lines = [each.in_words for each in refused.problems]
        raise Refusal("\n".join([refused.message, *lines]), refused.hint) from refused
    except SyncError as error:
        raise Refusal(f"Nothing was changed. {error.message}", error.hint) from error
    registered = [_register(site, each) for each in found.to_register]
    return {
        "file": str(path),
        "dry_run": dry_run,
        "changes": [
            {"kind": each.kind, "name": each.name, "action": each.action, "details": list(each.details)}
            for each in found.changes
        ],
        "unchanged": found.told - len(found.changes),
        "registered": registered,
        "warnings": [*found.warnings, *_others_may_read(path, text)],
        "needs_attention": (dry_run and bool(found.changes))
        or any(not each["registered"] for each in registered),
    }


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise Refusal(
                f"{path} has more than {LARGEST} bytes.", "Divide it: what a file does not name stays."
            )
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Refusal(f"{path} is no text in UTF-8.", "Save it as UTF-8.") from None
    except OSError as error:
        raise Refusal(
            f"{path} cannot be read: {error.strerror}.", "Correct the path, or its rights."
        ) from error


def _others_may_read(path: Path, text: str) -> list[str]:
    """Return a warning where others can read a file with passwords."""
    has_secret = any(
        line.split("=", 1)[0].strip() in ("password", "client_secret", "site_key", "passphrase")
        for line in text.splitlines()
        if "=" in line
    )
    if has_secret and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        return [
            f"Others on this machine can read {path}, with the passwords in it: chmod 600, or use password_env."
        ]
    return []


def _register(site: Site, repository_id: int) -> dict[str, Any]:
    outcome = registration.introduce(site, repository_id)
    site.db.commit()
    name = site.repository(outcome.repository_id).name
    told = "" if outcome.error is None else outcome.error.explain()
    if outcome.same_as is not None:
        told = (
            f"It says that it is {site.repository(outcome.same_as).name}, which registered here before: say in the "
            "screens whether that is so (Register again)."
        )
    return {"name": name, "registered": outcome.succeeded, "message": told}
