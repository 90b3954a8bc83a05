"""What is laid into an Eden: read from the checkout, or from the archive that this program was started from."""

from __future__ import annotations

import ast
import fnmatch
import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from .disk import digest
from .problems import Problem

CHECKOUT = Path(__file__).resolve().parent.parent
#: In an archive: the list of what is laid, and the folder where it lies.
INDEX, FILES = "payload/index.json", "payload/files/"
#: And packages for an Eden's Python, as wheels; none in a checkout.
PACKAGES = "payload/packages/"
#: The package of the CSS framework in an environment of the checkout, and its style sheets (``ui/assets.py``).
FRAMEWORK = "django_bootstrap_static"
SHEETS = ("bootstrap.min.css", "bootstrap.rtl.min.css")
#: Has the version.
PACKAGE = "modules/s3sync/__init__.py"


@dataclass(frozen=True)
class Payload:
    """What is laid.

    Attributes:
        files: path below the Eden's application -> content.
        packages: file name of a wheel -> content, for servers without network.
    """

    files: Mapping[str, bytes]
    packages: Mapping[str, bytes] = field(default_factory=dict)

    @cached_property
    def version(self) -> str:
        """The version of Eden Sync."""
        for node in ast.parse(self.files[PACKAGE]).body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "VERSION":
                return str(ast.literal_eval(node.value))
        raise KeyError("VERSION")

    @cached_property
    def hashes(self) -> dict[str, str]:
        """Path -> SHA-256 of the content."""
        return {path: digest(content) for path, content in self.files.items()}

    @cached_property
    def build(self) -> str:
        """What tells two states of the same version apart: 12 digits."""
        lines = "".join(f"{path} {self.hashes[path]}\n" for path in sorted(self.files))
        return hashlib.sha256(lines.encode()).hexdigest()[:12]


def find_payload() -> Payload:
    """Return what this program lays.

    Raises:
        Problem: the archive or the checkout is not complete.
    """
    archive = getattr(globals().get("__loader__"), "archive", None)
    return from_archive(Path(archive)) if archive else from_checkout()


def from_archive(archive: Path) -> Payload:
    """Return what lies in an archive.

    Raises:
        Problem: it is damaged.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            names = json.loads(opened.read(INDEX))["files"]
            wheels = [each for each in opened.namelist() if each.startswith(PACKAGES)]
            return Payload(
                {name: opened.read(FILES + name) for name in names},
                {each[len(PACKAGES) :]: opened.read(each) for each in wheels},
            )
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise Problem(
            f"{archive} is damaged: {error}.", "Copy it once more from where it was built."
        ) from error


def from_checkout(checkout: Path = CHECKOUT) -> Payload:
    """Return what the list in ``over_eden/contents.py`` names.

    Args:
        checkout: the folder of the checkout.

    Raises:
        Problem: a file of the list is not there.
    """
    from over_eden.contents import CONTENTS, LEFT_OUT

    files: dict[str, bytes] = {}
    for laid in CONTENTS:
        source = checkout / laid.source
        if not source.exists():
            raise Problem(f"{source} is missing.", "Complete the checkout: git status tells what is missing.")
        for path in _files(source, LEFT_OUT):
            inside = path.relative_to(source).as_posix()
            files[laid.target if inside == "." else f"{laid.target}/{inside}"] = path.read_bytes()
    return Payload({**files, **_framework(checkout)})


def _framework(checkout: Path) -> dict[str, bytes]:
    """Return the style sheets of the CSS framework, ready to be served, from an environment of the checkout.

    Without them pages are plainer.
    """
    found = sorted(checkout.glob(f".venv/*/lib/python*/site-packages/{FRAMEWORK}-*.dist-info"))
    if not found:
        return {}
    version = found[-1].name[len(FRAMEWORK) + 1 : -len(".dist-info")]
    sheets = found[-1].parent / "bootstrap" / "static" / "bootstrap" / "css"
    return {f"static/bootstrap/{version}/{name}": (sheets / name).read_bytes() for name in SHEETS}


def _files(source: Path, left_out: tuple[str, ...]) -> Iterator[Path]:
    if source.is_file():
        yield source
        return
    for path in sorted(source.rglob("*")):
        parts = path.relative_to(source).parts
        if path.is_file() and not any(fnmatch.fnmatch(part, each) for part in parts for each in left_out):
            yield path
