"""Texts without what cannot be stored or shown, and enumerations of stored texts."""

from __future__ import annotations

import enum
import re
import unicodedata
from typing import Any

# XML 1.0 cannot contain these in any form: control characters, single surrogates, two noncharacters.
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def _characters(ranges: tuple[str, ...]) -> str:
    """Return the characters of ranges, each named by its ends."""
    return "".join(chr(at) for each in ranges for at in range(ord(each[0]), ord(each[-1]) + 1))


_SPACES = ("\u1680", "\u2000-\u200a", "\u2028-\u2029", "\u202f", "\u205f", "\u3000")
#: What parts words: Unicode's ``White_Space`` (PropList.txt), as far as XML can contain it.
BLANKS = f"\t\n\r \x85\xa0{_characters(_SPACES)}"

_NO_WIDTH = (
    *("\u00ad", "\u034f", "\u061c", "\u180b-\u180e", "\u200b-\u200f", "\u202a-\u202e", "\u2060-\u206f"),
    *("\ufe00-\ufe0f", "\ufeff"),
)
#: What has no width and is no letter: Unicode's ``Default_Ignorable_Code_Point`` (DerivedCoreProperties.txt), without
#: the fillers of Hangul and what stands above U+FFFF.
UNSEEN = _characters(_NO_WIDTH)
_IS_UNSEEN = re.compile(f"[{''.join(_NO_WIDTH)}]")
#: The two small letters of Greek that are one capital letter.
FINAL_SIGMA, SIGMA = "\u03c2", "\u03c3"

#: Characters of a text that somebody searches for: more, and SQLite refuses the pattern.
LONGEST_ASKED = 255


def is_legal(value: str) -> bool:
    """Return whether XML can contain the text as it is."""
    return value.isprintable() or ILLEGAL.search(value) is None


def legible(value: str) -> str:
    """Return a text from outside without the characters that some databases or XML cannot store."""
    return value if is_legal(value) else ILLEGAL.sub("", value)


def normalised(value: str, ignore_case: bool = True) -> str:
    """Return the form in which texts mean the same to a person.

    Letters are composed (NFC) and in lower case, blanks are single ones, and what nobody sees is left out.
    """
    if not value.isascii():
        value = unicodedata.normalize("NFC", _IS_UNSEEN.sub("", value))
    return " ".join((_lower(value) if ignore_case else value).split())


def squeezed(value: str) -> str:
    """Return a normalised text in lower case and without blanks, as databases look for it."""
    return _lower(value).replace(" ", "")


def _lower(value: str) -> str:
    # Which of the two small letters Python makes of a capital one depends on what stands beside it.
    return value.lower().replace(FINAL_SIGMA, SIGMA)


def shown(value: str, limit: int = 60) -> str:
    """Return the beginning of a text from outside, short enough for a message."""
    return value if len(value) <= limit else f"{value[:limit]}…"


def asked_text(variables: Any, name: str, longest: int = LONGEST_ASKED) -> str:
    """Return a text from a form or an address: one line that every database can search for, "" for none.

    Args:
        variables: the variables.
        name: name of the variable; of several values the first one counts.
        longest: number of characters after which it is cut off.
    """
    value = variables.get(name)
    if isinstance(value, (list, tuple)):
        value = value[0] if value else None
    return legible(str(value or "")[:longest]).strip()


class TextEnum(str, enum.Enum):
    """An enumeration whose members are texts, also where they are formatted, hashed or bound to a statement.

    ``enum.StrEnum`` of Python 3.11, for every version that the site may run on.
    """

    __str__ = str.__str__
    __hash__ = str.__hash__

    def __format__(self, format_spec: str) -> str:
        """Format the text."""
        return str.__format__(self, format_spec)
