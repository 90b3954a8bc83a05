"""Finds the strings to translate, and those that a language lacks.

``python -m tools.languages`` prints for each language the strings without a
translation. Arguments restrict it to some languages; ``--count`` prints only numbers.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

# gluon comes first: yatl imports it half, and what is imported later finds a gluon without its parts.
from gluon import DAL
from yatl.template import TemplateParser

from launcher.places import CHECKOUT, application_folder
from s3.data_model.datamodel import S3DataModel
from s3db import load
from s3sync.core import plurals as plurals

APPLICATION = application_folder(CHECKOUT)
LANGUAGES = ("de", "es", "fr", "ar")
#: Functions that mark a string for translation: T("..."), desk.T("..."), and those of validators.
MARKS = {"T", "translator"}
#: The function that marks the two English forms of a counted message: counted(T, number, "...", "...").
COUNTED = "counted"
#: Texts of web2py's own validators and controls that our forms can show.
OF_WEB2PY = (
    "Enter a valid URL",
    "Enter a valid email address",
    "Enter a value",
    "Enter an integer",
    "Enter an integer between %(min)g and %(max)g",
    "Enter an integer greater than or equal to %(min)g",
    "Enter an integer less than or equal to %(max)g",
    "Enter a number",
    "Enter a number between %(min)g and %(max)g",
    "Enter a number greater than or equal to %(min)g",
    "Enter a number less than or equal to %(max)g",
    "Enter date as %(format)s",
    "Enter date and time as %(format)s",
    "Enter from %(min)g to %(max)g characters",
    "Enter time as hh:mm:ss (seconds, am, pm optional)",
    "Invalid json",
    "Too short",
    "Value already in database or empty",
    "Value not allowed",
    "Value not in database",
)
_PLACEHOLDER = re.compile(r"%(?:\((\w+)\))?[-+ #0]*[\d.]*([sdfg%])")


class Marked(NamedTuple):
    """A string that is marked for translation.

    Attributes:
        text: the string; None if the argument is no string literal, so that nobody can translate it.
        path: its file, relative to the application.
        line: the line in that file; for a view, in the Python that is made of it.
        form: for a counted message "one" or "other"; the keys of further forms derive from that of "other".
    """

    text: str | None
    path: str
    line: int
    form: str | None = None


def marked_in(source: str, path: str) -> Iterator[Marked]:
    """Yield the marked strings of Python source, in their order."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and node.args]
    for node in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in MARKS:
            yield Marked(_literal(node.args[0]), path, node.lineno)
        elif name == COUNTED:
            one, other = node.args[2:4]
            yield Marked(_literal(one), path, node.lineno, "one")
            yield Marked(_literal(other), path, node.lineno, "other")


def _literal(given: ast.expr) -> str | None:
    return given.value if isinstance(given, ast.Constant) and isinstance(given.value, str) else None


def python_of(view: Path, views: Path) -> str:
    """Return the Python that web2py makes of a view, without the views it extends and includes."""
    alone = re.sub(r"\{\{\s*(extend|include)\b[^}]*\}\}", "", view.read_text(encoding="utf-8"))
    return str(TemplateParser(alone, name=view.name, path=str(views)))


def marked(application: Path = APPLICATION) -> list[Marked]:
    """Return every marked string of the application's code and views."""
    found: list[Marked] = []
    for folder in ("models", "controllers", "modules"):
        for path in sorted((application / folder).rglob("*.py")):
            found += marked_in(path.read_text(encoding="utf-8"), str(path.relative_to(application)))
    views = application / "views"
    for path in sorted(views.rglob("*.html")):
        found += marked_in(python_of(path, views), str(path.relative_to(application)))
    return found


def declared(application: Path = APPLICATION) -> set[str]:
    """Return the strings that the application's tables translate when they are defined: labels, titles, choices."""
    if application != APPLICATION:
        return set()
    said: set[str] = set()

    def say(text: str) -> str:
        said.add(text)
        return text

    s3db = S3DataModel(DAL(None), None, translate=say)
    load(s3db, "auth", "gis", "pr", "org", "hrm", "doc", "cr", "hms", "event")
    for name in s3db.declared_tables():
        # A table translates its labels when it is defined, which is when it is first used.
        assert s3db[name].fields
    return said


def texts(application: Path = APPLICATION, language: str = "en") -> list[str]:
    """Return the strings to translate into a language, each once, in alphabetical order."""
    found = {each.text for each in marked(application) if each.text}
    others = {each.text for each in marked(application) if each.text and each.form == "other"}
    further = {f"{text}##{form}" for text in others for form in forms(language) - {"one", "other"}}
    return sorted(found | further | declared(application) | set(OF_WEB2PY))


def forms(language: str) -> set[str]:
    """Return the plural forms of a language."""
    return {each.value for each in plurals.FORMS[language]}


def for_one_number(language: str) -> set[str]:
    """Return the plural forms of a language that stand for one number only, so that they need not say it."""
    found = Counter(plurals.form(language, count).value for count in range(1000))
    return {form for form, numbers in found.items() if numbers == 1}


def translations(language: str, application: Path = APPLICATION) -> dict[str, str]:
    """Return the dictionary of a language, without web2py's entries about the language itself."""
    source = (application / "languages" / f"{language}.py").read_text(encoding="utf-8")
    known: dict[str, str] = ast.literal_eval(source)
    return {text: value for text, value in known.items() if not text.startswith("!lang")}


def missing(language: str, application: Path = APPLICATION) -> list[str]:
    """Return the strings that have no translation."""
    known = translations(language, application)
    return [text for text in texts(application, language) if not known.get(text)]


def superfluous(language: str, application: Path = APPLICATION) -> list[str]:
    """Return the translations of strings that no longer exist."""
    return sorted(translations(language, application).keys() - set(texts(application, language)))


def placeholders(text: str) -> list[str]:
    """Return the placeholders of a text, such as ``%(name)s``, in alphabetical order."""
    found = [(name, kind) for name, kind in _PLACEHOLDER.findall(text) if kind != "%"]
    return sorted(f"{name}:{kind}" for name, kind in found)


def distorted(language: str, application: Path = APPLICATION) -> list[str]:
    """Return the strings whose translation has other placeholders: it would fail, or say less."""
    known = translations(language, application)
    form_of = {each.text: each.form for each in marked(application)}
    alone = for_one_number(language)
    wrong = []
    for text, value in known.items():
        english, _, further = text.partition("##")
        expected = placeholders(english)
        allowed = [expected]
        if (further or form_of.get(text)) in alone:
            allowed.append([each for each in expected if each != "count:s"])
        if value and placeholders(value) not in allowed:
            wrong.append(text)
    return sorted(wrong)


def main(arguments: Sequence[str]) -> int:
    """Print what is missing or wrong; return 1 if anything is, else 0."""
    counting = "--count" in arguments
    chosen = [each for each in arguments if not each.startswith("-")] or list(LANGUAGES)
    complete = True
    for language in chosen:
        lacking, wrong, old = missing(language), distorted(language), superfluous(language)
        complete = complete and not lacking and not wrong
        print(
            f"{language}: {len(lacking)} of {len(texts(language=language))} strings have no translation, "
            f"{len(wrong)} fill in something else, {len(old)} are of no use any more"
        )
        if not counting:
            for title, found in (
                ("no translation", lacking),
                ("fills in something else", wrong),
                ("no use", old),
            ):
                for text in found:
                    print(f"  {title}: {text!r}")
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
