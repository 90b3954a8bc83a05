"""Plural forms of counted messages, in the languages of the application.

The rules are those of Unicode's CLDR for cardinal numbers (common/supplemental/plurals.xml, explained in UTS #35,
part 3, "Language Plural Rules"), as far as whole numbers need them. web2py's own rules are not used: its French says
"0 enregistrements", it has no rule for Arabic, and it inflects single words where verbs and adjectives must agree.

A language file holds whole sentences. The English forms are the keys of ``one`` and ``other``. Any further form has
the key of ``other``, followed by ``##`` and its name, which web2py's T takes for a comment:
``'%(count)s records##few'``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Callable


class Form(Enum):
    """The plural categories of CLDR."""

    ZERO = "zero"
    ONE = "one"
    TWO = "two"
    FEW = "few"
    MANY = "many"
    OTHER = "other"


#: The forms that each language has; a language that is not named has those of English.
FORMS: Mapping[str, tuple[Form, ...]] = {
    "en": (Form.ONE, Form.OTHER),
    "de": (Form.ONE, Form.OTHER),
    "es": (Form.ONE, Form.MANY, Form.OTHER),
    "fr": (Form.ONE, Form.MANY, Form.OTHER),
    "ar": tuple(Form),
}


def form(language: str, count: int) -> Form:
    """Return the plural form for a number.

    Args:
        language: code such as "fr" or "fr-ca".
        count: a whole number, not negative.
    """
    rule = _RULES.get(language.partition("-")[0], _english)
    return rule(count)


def counted(T: Callable[[str], Any], count: int, one: str, other: str, **values: Any) -> Any:
    """Return a message about a number of things, in the form that the reader's language needs.

    Args:
        T: web2py's translator, which also knows the language.
        count: the value of ``%(count)s``, which a form may leave out if it stands for one number only.
        one: the English message for one thing, a literal: the strings to translate are read from the source.
        other: the English message for any other number.
        values: values of further placeholders, by name.
    """
    needed = form(getattr(T, "accepted_language", None) or "en", count)
    keys = {Form.ONE: one, Form.OTHER: other}
    return T(keys.get(needed, f"{other}##{needed.value}")) % {"count": number(count), **values}


def number(value: int) -> str:
    """Return a number with a narrow space between thousands, which no language takes for a decimal point."""
    return f"{value:,}".replace(",", "\u202f") if value >= 10_000 else str(value)


def _english(count: int) -> Form:
    return Form.ONE if count == 1 else Form.OTHER


def _spanish(count: int) -> Form:
    return Form.MANY if _is_millions(count) else _english(count)


def _french(count: int) -> Form:
    return Form.ONE if count in (0, 1) else _spanish(count)


def _is_millions(count: int) -> bool:
    return count != 0 and count % 1_000_000 == 0


def _arabic(count: int) -> Form:
    if count in (0, 1, 2):
        return (Form.ZERO, Form.ONE, Form.TWO)[count]
    last = count % 100
    if last in range(3, 11):
        return Form.FEW
    return Form.MANY if last >= 11 else Form.OTHER


_RULES: Mapping[str, Callable[[int], Form]] = {"es": _spanish, "fr": _french, "ar": _arabic}
