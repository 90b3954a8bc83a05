"""Builds the archive that brings Eden Sync to a server without network: one file, run by any Python from 3.9 on.

``python -m tools.archive`` writes ``eden-sync.pyz``, ``python -m tools.archive FILE`` another one. The same checkout
gives the same bytes.
"""

from __future__ import annotations

import json
import os
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from installer.payload import FILES, INDEX, Payload, from_checkout
from launcher.places import CHECKOUT

NAME = "eden-sync.pyz"
START = b"#!/usr/bin/env python3\n"
MAIN = "import sys\n\nfrom installer.command import main\n\nsys.exit(main(sys.argv[1:]))\n"
#: Of every file in it, for the same bytes whenever it is built.
TIME = (2026, 1, 1, 0, 0, 0)


def build(target: Path, payload: Payload) -> None:
    """Write the archive.

    Args:
        target: the file; it is replaced whole.
        payload: what it lays.

    Raises:
        OSError: it cannot be written.
    """
    fresh = target.with_name(f"{target.name}.new")
    with open(fresh, "wb") as output:
        output.write(START)
        with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in _contents(payload):
                archive.writestr(_entry(name), content)
    fresh.chmod(0o755)
    os.replace(fresh, target)


def _contents(payload: Payload) -> Iterator[tuple[str, bytes]]:
    yield "__main__.py", MAIN.encode()
    for path in sorted((CHECKOUT / "installer").rglob("*.py")):
        yield path.relative_to(CHECKOUT).as_posix(), path.read_bytes()
    names = sorted(payload.files)
    yield INDEX, json.dumps({"version": payload.version, "files": names}, indent=1).encode()
    yield from ((FILES + name, payload.files[name]) for name in names)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def main(arguments: Sequence[str]) -> int:
    """Build the archive and say what is in it."""
    target = Path(arguments[0] if arguments else NAME)
    payload = from_checkout()
    build(target, payload)
    size = target.stat().st_size / (1 << 20)
    print(
        f"{target}: Eden Sync {payload.version} ({payload.build}), {len(payload.files)} files, {size:.1f} MB"
    )
    print(
        f"Copy it to the server of the Eden, and look: python3 {target.name} install --into FOLDER --dry-run"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
