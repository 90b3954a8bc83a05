"""Places in the source that documents name are there, and so is what they are said to hold."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from s3sync import VERSION
from tests.support.markdown import DOCS, DOCUMENTS
from tests.support.places import APPLICATION, CHECKOUT, MODULES

PACKAGE = MODULES / "s3sync"
DECISIONS = DOCS / "decisions"
#: Documents name files from here.
ROOTS = (CHECKOUT, CHECKOUT / "tests", CHECKOUT / "over_eden", APPLICATION, MODULES, PACKAGE)
#: Folders of a site, which no checkout has.
OF_A_SITE = (
    "private",
    "databases",
    "uploads",
    "sessions",
    "errors",
    "cache",
    "logs",
    "instance",
    "static/bootstrap",
)
#: Parts of identifiers and addresses that look like folders.
NO_PLACES = frozenset(("domain/", "adapters/feed.py"))
SVG = "{http://www.w3.org/2000/svg}"


def spans(path: Path) -> list[str]:
    """Return what stands as code in a document, blocks of code left aside."""
    text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
    return re.findall(r"`([^`\n]+)`", text)


def named_places() -> Iterator[tuple[str, str, str]]:
    """Yield (document, path, what it holds) for every file and folder of the source that a document names."""
    for document in DOCUMENTS:
        if document.name == "CHANGELOG.md":
            continue  # tells of former versions
        for span in spans(document):
            match = re.fullmatch(r"([\w./-]+\.py|[\w./-]*\w/)(?:::((?!test_)[\w.]+))?", span)
            below = match[1].replace("applications/eden/", "", 1) if match else ""
            if match and span not in NO_PLACES and not below.startswith(("/", *OF_A_SITE)):
                yield str(document.relative_to(CHECKOUT)), match[1], match[2] or ""


def found(name: str) -> Path | None:
    """Return the file or folder of that name; a bare name of a file stands for one anywhere in the source."""
    for root in ROOTS:
        if (root / name).exists():
            return root / name
    if "/" in name:
        return None
    return next(
        (
            path
            for root in (APPLICATION, CHECKOUT / "launcher", CHECKOUT / "tests")
            for path in root.rglob(name)
        ),
        None,
    )


def definitions(path: Path) -> set[str]:
    """Return the functions and classes of a file, and ``Class.method`` of their methods."""
    names = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
            names.update(
                f"{node.name}.{each.name}"
                for each in getattr(node, "body", ())
                if isinstance(node, ast.ClassDef) and isinstance(each, ast.FunctionDef)
            )
    return names


@pytest.mark.parametrize("document, name, holds", sorted(set(named_places())))
def test_places_that_are_named_exist(document: str, name: str, holds: str) -> None:
    path = found(name)
    assert path is not None, f"{document} names {name}"
    if holds:
        assert holds in definitions(path), f"{document} names {holds} in {name}"


#: Files of a complete Eden, which code here tells of.
OF_EDEN = frozenset(
    (
        "modules/s3cfg.py",
        "modules/core/__init__.py",
        "modules/core/resource/importer.py",
        "modules/s3/s3import.py",
    )
)
WRITTEN = ("*.py", "*.html", "*.css", "*.js", "*.sh", "*.in", "README")


def mentioned_places() -> Iterator[tuple[str, str]]:
    """Yield (file, path) for every path in a comment or a text of the source itself."""
    paths = re.compile(
        r"(?<![\w./-])((?:tests|modules|models|views|launcher|docs)/[\w/-]+\.(?:py|html|md))\b"
    )
    folders = (
        APPLICATION,
        *(CHECKOUT / name for name in ("launcher", "benchmarks", "tools", "deploy", "tests")),
    )
    sources = [
        *CHECKOUT.glob("*.in"),
        *(path for folder in folders for kind in WRITTEN for path in folder.rglob(kind)),
    ]
    for source in sources:
        for name in paths.findall(source.read_text("utf-8")):
            yield str(source.relative_to(CHECKOUT)), name


@pytest.mark.parametrize("source, name", sorted(set(mentioned_places())))
def test_places_that_the_source_mentions_exist(source: str, name: str) -> None:
    assert found(name) is not None or name in OF_EDEN, f"{source} mentions {name}"


# --- the life of a record -----------------------------------------------------------------------------------


def chapters() -> dict[str, str]:
    """Return the chapters of the life of a record that have a picture, by the picture's name."""
    text = (DOCS / "LIFE_OF_A_RECORD.md").read_text("utf-8")
    parts = {}
    for chapter in text.split("\n## ")[1:]:
        picture = re.search(r"\(images/([\w-]+\.svg)\)", chapter)
        if picture:
            parts[picture[1]] = chapter
    return parts


@pytest.mark.parametrize("picture", ["record-pulled.svg", "record-pushed.svg", "record-in-conflict.svg"])
def test_pictures_and_tables_number_the_same_steps(picture: str) -> None:
    rows = re.findall(r"^\| (\d+) \|", chapters()[picture], re.MULTILINE)
    tree = ElementTree.parse(DOCS / "images" / picture)
    dots = {each.text for each in tree.iter(f"{SVG}text") if each.get("class") == "dot-text"}
    assert rows == [str(number) for number in range(1, len(rows) + 1)]
    assert set(rows) == dots


@pytest.mark.parametrize("path", sorted((DOCS / "images").glob("*.svg")), ids=lambda path: path.name)
def test_pictures_say_in_words_what_they_show(path: Path) -> None:
    root = ElementTree.parse(path).getroot()
    assert root.get("role") == "img" and root.get("aria-labelledby") == "title desc"
    for name in ("title", "desc"):
        element = root.find(f"{SVG}{name}")
        assert element is not None and element.get("id") == name and (element.text or "").strip()


@pytest.mark.parametrize("path", sorted((DOCS / "images").glob("*.svg")), ids=lambda path: path.name)
def test_pictures_bring_their_own_background(path: Path) -> None:
    # without one a dark page shines through, behind dark text
    root = ElementTree.parse(path).getroot()
    _, _, width, height = str(root.get("viewBox")).split()
    first = next(root.iter(f"{SVG}rect"))
    assert (first.get("width"), first.get("height"), first.get("x"), first.get("y")) == (
        width,
        height,
        None,
        None,
    )


# --- decisions, versions ------------------------------------------------------------------------------------


def records() -> list[Path]:
    return sorted(DECISIONS.glob("[0-9]*.md"))


@pytest.mark.parametrize("path", records(), ids=lambda path: path.name)
def test_a_decision_has_its_shape_and_fits_on_a_page(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    number = int(path.name[:4])
    assert lines[0].startswith(f"# {number}. ")
    assert [line for line in lines if line.startswith("## ")] == [
        "## Context",
        "## Decision",
        "## Consequences",
    ]
    assert len(lines) <= 50
    title = lines[0].partition(". ")[2]
    assert f"| {number} | [{title}]({path.name}) |" in (DECISIONS / "README.md").read_text("utf-8")


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(path.name[:4]) for path in records()] == list(range(1, len(records()) + 1))


def test_every_version_says_how_to_upgrade() -> None:
    headings = r"^## (\d\S*)$"
    released = re.findall(headings, (CHECKOUT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    told = re.findall(headings, (DOCS / "UPGRADING.md").read_text("utf-8"), re.MULTILINE)
    assert released and told == released


def test_the_present_version_is_supported() -> None:
    supported = VERSION.rpartition(".")[0]
    assert f"| {supported} | yes |" in (CHECKOUT / "SECURITY.md").read_text("utf-8")
