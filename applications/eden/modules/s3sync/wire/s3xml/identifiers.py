"""Identifiers of records: their domains, lengths and characters."""

from __future__ import annotations

import re

from .limits import LONGEST_DOMAIN, LONGEST_IDENTIFIER

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def strip_domain(uuid: str, own_domain: str | None) -> str:
    """Return a uuid as it is stored here: without this site's own domain.

    Args:
        uuid: as the document has it.
        own_domain: domain of this site, None for none.

    An Eden puts its domain before uuids that are no URN and have no inner slash. The receiver of a uuid with its own
    domain removes the domain, and leaves all others.
    """
    if not own_domain or uuid.startswith("urn:"):
        return uuid
    domain, slash, rest = uuid.strip("/").partition("/")
    return rest if slash and rest and domain == own_domain else uuid


def with_domain(uuid: str, own_domain: str | None) -> str:
    """Return a uuid as an Eden needs it: the inverse of ``strip_domain``.

    An Eden takes a uuid without domain for its own, and would send it back under its own domain.
    """
    return f"{own_domain}/{uuid}" if own_domain and "/" not in uuid and not uuid.startswith("urn:") else uuid


def checked_identifier(text: str) -> str:
    """Return an identifier as it came.

    Args:
        text: a uuid or tuid, with any domain.

    Raises:
        ValueError: it is too long, or holds line ends or other control characters.
    """
    if len(text) > LONGEST_IDENTIFIER:
        domain, slash, rest = text.partition("/")
        has_domain = slash and len(domain) <= LONGEST_DOMAIN and not text.startswith("urn:")
        if not has_domain or len(rest) > LONGEST_IDENTIFIER:
            raise ValueError(too_long(text))
    # What is printable depends on the version of Unicode, and sites must agree.
    if not text.isprintable() and _CONTROL.search(text):
        raise ValueError("is an identifier with control characters")
    return text


def too_long(text: str) -> str:
    """Return what is wrong with an identifier of so many characters, for a person."""
    return f"is an identifier of {len(text)} characters, at most {LONGEST_IDENTIFIER} are allowed"
