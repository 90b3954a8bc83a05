"""Builds the archive that brings Eden Sync to a server without network: one file, run by any Python from 3.9 on.

``python -m tools.archive`` writes ``eden-sync.pyz``, ``python -m tools.archive FILE`` another one. With
``--packages FOLDER`` the wheels in it go along, for ``install --pip`` without network. The same content gives the same
bytes.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from installer.payload import FILES, INDEX, PACKAGES, Payload, from_checkout
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
    yield from ((PACKAGES + name, content) for name, content in sorted(payload.packages.items()))


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    result = argparse.ArgumentParser(
        prog="python -m tools.archive", description="Builds the archive of ./eden-sync."
    )
    result.add_argument(
        "file", type=Path, nargs="?", default=Path(NAME), help=f"the archive (default: {NAME})"
    )
    result.add_argument(
        "--packages", type=Path, metavar="FOLDER", help="wheels that go along, from pip download"
    )
    return result


def main(arguments: Sequence[str]) -> int:
    """Build the archive and say what is in it."""
    options = parser().parse_args(arguments)
    target: Path = options.file
    wheels = sorted(options.packages.glob("*.whl")) if options.packages else []
    payload = Payload(from_checkout().files, {each.name: each.read_bytes() for each in wheels})
    build(target, payload)
    size = target.stat().st_size / (1 << 20)
    content = f"{len(payload.files)} files, {len(wheels)} packages, {size:.1f} MB"
    print(f"{target}: Eden Sync {payload.version} ({payload.build}), {content}")
    if not any(name.startswith("static/bootstrap/") for name in payload.files):
        print("Its pages are plainer: ./run --exit makes the environment from which their style sheets come.")
    print(
        f"Copy it to the server of the Eden, and look: python3 {target.name} install --into FOLDER --dry-run"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
