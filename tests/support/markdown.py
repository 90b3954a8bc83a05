"""The documents of the project, as the tests of documents read them."""

from __future__ import annotations

import re

from launcher.places import CHECKOUT

DOCS = CHECKOUT / "docs"
DOCUMENTS = sorted([*CHECKOUT.glob("*.md"), *DOCS.rglob("*.md"), *CHECKOUT.glob("tests/*.md")])
MODULES = CHECKOUT / "applications" / "eden" / "modules"
RULES = re.compile(
    r"`((?:unit|properties|contracts|conformance|integration|browser|simulation)/[\w./]+::[\w:]+)`"
)


def text_of(name: str) -> str:
    return (CHECKOUT / name).read_text(encoding="utf-8")


def prose(name: str) -> str:
    """The document in one line of words, so that line breaks do not matter."""
    return " ".join(text_of(name).split())


def heading_anchors(text: str) -> set[str]:
    """The names under which a renderer makes the headings of a document reachable."""
    found = set()
    for line in re.sub(r"```.*?```", "", text, flags=re.DOTALL).splitlines():
        if line.startswith("#"):
            title = line.lstrip("#").strip().lower()
            found.add(re.sub(r"[^\w\- ]", "", title).replace(" ", "-"))
    return found
