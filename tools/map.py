"""What is where: the folders of the modules and their files, each in the first sentence of its own docstring.

``python -m tools.map`` prints all of it; with names of folders (``core``,
``exchange/importer``, ``s3``), these and what is below them alone.
"""

from __future__ import annotations

import ast
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from launcher.places import CHECKOUT, application_folder
from s3sync import LAYERS

MODULES = application_folder(CHECKOUT) / "modules"
PACKAGE = MODULES / "s3sync"
INSTALLER = CHECKOUT / "installer"
WIDTH = 110


def purpose(path: Path) -> str:
    """Return what a module says of itself first, in one line: its docstring up to the first empty line."""
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return " ".join(text.partition("\n\n")[0].split())


def folders() -> Iterator[Path]:
    """Yield the folders of the modules: those of the package in the order of its layers, the host's, the installer."""
    yield PACKAGE
    for name in (name for layer in LAYERS for name in layer):
        yield from _packages(PACKAGE / name)
    for name in ("s3", "s3db"):
        yield from _packages(MODULES / name)
    yield from _packages(INSTALLER)


def _packages(top: Path) -> list[Path]:
    return sorted(path.parent for path in top.rglob("__init__.py"))


def files(folder: Path) -> list[Path]:
    """Return the modules of a folder itself."""
    return sorted(path for path in folder.glob("*.py") if path.name != "__init__.py")


def name_of(folder: Path) -> str:
    """Return the path of a folder as documents write it: below ``s3sync`` without that name."""
    if folder == INSTALLER:
        return folder.name
    inside = folder != PACKAGE and PACKAGE in folder.parents
    return folder.relative_to(PACKAGE if inside else MODULES).as_posix()


def lines(folder: Path) -> Iterator[str]:
    """Yield what a folder and its files say of themselves."""
    yield f"{name_of(folder)}/"
    yield from textwrap.wrap(
        purpose(folder / "__init__.py"), WIDTH, initial_indent="  ", subsequent_indent="  "
    )
    for path in files(folder):
        first, *rest = textwrap.wrap(purpose(path), WIDTH - 26) or [""]
        yield f"    {path.stem:<21} {first}".rstrip()
        yield from (f"{'':26}{line}" for line in rest)


def main(wanted: Sequence[str]) -> int:
    """Print the map; return 1 if a folder is asked for that is not there."""
    known = {name_of(folder): folder for folder in folders()}
    asked = {name.strip("/") for name in wanted}
    for name, folder in known.items():
        if not asked or any(f"{name}/".startswith(f"{each}/") for each in asked):
            print("\n".join(lines(folder)), end="\n\n")
    missing = asked - set(known)
    if missing:
        print(f"There is no folder {', '.join(sorted(missing))}.", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
