"""Confines a style sheet to a part of the page, so that it touches nothing of the layout around it."""

from __future__ import annotations

import re
from collections.abc import Iterator

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
#: What stands for the whole page, and becomes our part of it.
_ROOT = re.compile(r"^(?::root|html|body)(?![\w-])")
_URL = re.compile(r"""url\(\s*(["']?)(?!data:|https?:|/|#)([^)"']+)\1\s*\)""")
#: Rules with rules in them, whose selectors are confined; others with an @ are names of their own, and stay.
_AROUND = ("@media", "@supports", "@layer", "@container")


def confined(sheet: str, part: str, lifted: str = "") -> str:
    """Return a style sheet whose rules hold inside one element only.

    Args:
        sheet: the CSS.
        part: selector of the element.
        lifted: path from where the result will lie to the folder of the original, for the files that it names.
    """
    text = "".join(_rules(_COMMENT.sub("", sheet), part))
    return _URL.sub(lambda found: f'url("{lifted}/{found[2]}")', text) if lifted else text


def _rules(text: str, part: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        opening, ending = text.find("{", at), text.find(";", at)
        if opening < 0:
            return
        if 0 <= ending < opening:  # @charset, @import
            at = ending + 1
            continue
        closing = _closing(text, opening)
        head, body = text[at:opening].strip(), text[opening + 1 : closing]
        if head.startswith(_AROUND):
            yield f"{head}{{{''.join(_rules(body, part))}}}"
        elif head.startswith("@"):
            yield f"{head}{{{body}}}"
        else:
            yield f"{','.join(_inside(each, part) for each in _alternatives(head))}{{{body}}}"
        at = closing + 1


def _closing(text: str, opening: int) -> int:
    """Return the position of the brace that closes a block."""
    depth = 0
    for found in re.finditer(r"[{}]|\"[^\"]*\"|'[^']*'", text[opening:]):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth == 0:
            return opening + found.start()
    return len(text)


def _alternatives(head: str) -> Iterator[str]:
    """Yield the selectors between commas, but for those in parentheses."""
    depth, start = 0, 0
    for at, letter in enumerate(head):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            yield head[start:at].strip()
            start = at + 1
    yield head[start:].strip()


def _inside(selector: str, part: str) -> str:
    while True:
        found = _ROOT.match(selector)
        if found is None:
            break
        rest = selector[found.end() :]
        if not rest[:1].isspace() or _ROOT.match(rest.strip()) is None:
            return f"{part}{rest}"
        selector = rest.strip()  # html body
    if selector.startswith("["):  # an attribute of the page: its theme, its direction
        return f"{part}{selector},{part} {selector}"
    return f"{part} {selector}"
