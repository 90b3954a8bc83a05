"""Dates and times from text, and back: lenient about the form, strict about the meaning.

They are written as Eden writes them: ``YYYY-MM-DD``, ``YYYY-MM-DDTHH:MM:SS`` and ``HH:MM:SS``, UTC without time zone.
Every unambiguous form is read. ``04/03/2026`` is ambiguous (Eden takes it for the third of April, most of the world
for the fourth of March), so it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, timezone
from re import Match
from typing import cast

from ...core.text import shown

# A date without a time becomes this hour, as in Eden, so that all sites store the same.
DAY_STARTS_AT = time(8, 0, 0)

_MONTHS: dict[str, int] = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}

_DAY = (
    r"(?:(?P<year>[0-9]{4})(?P<dash>[-/.])(?P<month>[0-9]{1,2})(?P=dash)(?P<day>[0-9]{1,2})"
    r"|(?P<basic>[0-9]{8})"
    r"|(?:[A-Za-z]{3,9}, *)?(?P<dmy_day>[0-9]{1,2})[ -](?P<dmy_month>[A-Za-z]{3,9})[ -](?P<dmy_year>[0-9]{4})"
    r"|(?P<mdy_month>[A-Za-z]{3,9}) (?P<mdy_day>[0-9]{1,2}), *(?P<mdy_year>[0-9]{4}))"
)
_CLOCK = (
    r"(?:(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,][0-9]+)?)?"
    r"|(?P<basic_clock>[0-9]{6}|[0-9]{4})(?:[.,][0-9]+)?)"
    r"(?: *(?P<half>[AaPp]\.?[Mm]\.?))?"
    r"(?: *(?P<zone>Z|z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?))?"
)
_MOMENT = re.compile(_DAY + r"(?:[Tt ] *" + _CLOCK + r")?")
_TIME = re.compile(_CLOCK)
_AMBIGUOUS = re.compile(r"[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4}(?![0-9])")


def parse_datetime(text: str) -> datetime:
    """Read a date and time.

    Args:
        text: a date with or without time and time zone; JSON quotes around it are allowed.

    Returns:
        The time in UTC, without time zone and fraction. Without a zone it is UTC, without a time 08:00:00 as in Eden.

    Raises:
        ValueError: it is no date, ambiguous, or outside the calendar.
    """
    if len(text) == 19 and text[10] in "T " and text[4] == text[7] == "-" and text[13] == text[16] == ":":
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(
                f"{shown(text)} is not a date and time; expected YYYY-MM-DDTHH:MM:SS (UTC)"
            ) from None
    match = _match_day(text)
    day = _day(match, text)
    if match["hour"] is None and match["basic_clock"] is None:
        return datetime.combine(day, DAY_STARTS_AT)
    try:
        return datetime.combine(day, _clock(match, text)) - _offset(match, text)
    except OverflowError:
        raise ValueError(f"{shown(text)} lies outside the calendar") from None


def parse_date(text: str) -> date:
    """Read a date; from a date and time, the date in UTC.

    Raises:
        ValueError: as ``parse_datetime``.
    """
    if len(text) == 10 and text[4] == text[7] == "-":
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise ValueError(f"{shown(text)} is not a date; expected YYYY-MM-DD") from None
    return parse_datetime(text).date()


def parse_time(text: str) -> time:
    """Read a time of day; from a date and time, the time in UTC.

    Raises:
        ValueError: it is no time of day.
    """
    text = _unquote(text)
    match = _TIME.fullmatch(text)
    if match is None:
        if _MOMENT.fullmatch(text) is None or ":" not in text:
            raise ValueError(f"{shown(text)} is not a time of day; expected HH:MM:SS")
        return parse_datetime(text).time()
    moment = datetime.combine(date(2000, 1, 2), _clock(match, text))
    return (moment - _offset(match, text)).time()


def write_datetime(value: datetime | str) -> str:
    """Return ``YYYY-MM-DDTHH:MM:SS`` of a datetime (UTC if it has no time zone) or a database's ISO text."""
    if isinstance(value, str):
        return f"{value[:10]}T{value[11:19]}" if len(value) >= 19 and value[10] in " T" else value
    if value.tzinfo is not None:
        value = value.astimezone(timezone.utc)
    return value.isoformat()[:19]


def write_datetimes(values: Sequence[datetime | str]) -> Sequence[str]:
    """Return ``write_datetime`` of each value, in a few steps for texts of the usual form."""
    if set(map(type, values)) != {str}:
        return [write_datetime(value) for value in values]
    texts = cast("Sequence[str]", values)
    if set(map(len, texts)) == {19}:
        together = "".join(texts)
        separators = together[10::19]
        if separators == "T" * len(texts):
            return texts
        if separators == " " * len(texts) and together.count(" ") == len(texts):
            return "\0".join(texts).replace(" ", "T").split("\0")
    return [write_datetime(text) for text in texts]


def write_date(value: date | str) -> str:
    """Return ``YYYY-MM-DD`` of a date or a database's ISO text."""
    return (value if isinstance(value, str) else value.isoformat())[:10]


def write_time(value: time | timedelta | str) -> str:
    """Return ``HH:MM:SS`` of a time of day, a database's ISO text, or MySQL's duration since midnight."""
    if isinstance(value, timedelta):
        value = (datetime.min + value).time()
    return (value if isinstance(value, str) else value.isoformat())[:8]


def _unquote(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1].strip()
    return text


def _match_day(text: str) -> Match[str]:
    text = _unquote(text)
    match = _MOMENT.fullmatch(text)
    if match is not None:
        return match
    if _AMBIGUOUS.match(text):
        raise ValueError(f"{shown(text)} may mean two different days; write it as YYYY-MM-DD")
    raise ValueError(f"{shown(text)} is not a date; expected YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS (UTC)")


def _day(match: Match[str], text: str) -> date:
    try:
        if match["basic"]:
            digits = match["basic"]
            return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        if match["year"]:
            return date(int(match["year"]), int(match["month"]), int(match["day"]))
        style = "dmy" if match["dmy_day"] else "mdy"
        return date(int(match[f"{style}_year"]), _month(match[f"{style}_month"]), int(match[f"{style}_day"]))
    except ValueError:
        raise ValueError(f"{shown(text)} is not a day of the calendar") from None


def _month(name: str) -> int:
    number: int | None = _MONTHS.get(name[:3].lower())
    if number is None:
        raise ValueError(name)
    return number


def _clock(match: Match[str], text: str) -> time:
    basic = match["basic_clock"]
    if basic:
        hour, minute, second = int(basic[:2]), int(basic[2:4]), int(basic[4:] or 0)
    else:
        hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
    try:
        if match["half"]:
            if not 1 <= hour <= 12:
                raise ValueError(hour)
            hour = hour % 12 + (12 if match["half"][0] in "pP" else 0)
        return time(hour, minute, second)
    except ValueError:
        raise ValueError(f"{shown(text)} is not a time of day") from None


def _offset(match: Match[str], text: str) -> timedelta:
    zone = match["zone"]
    if zone is None or zone[0] not in "+-":
        return timedelta()
    digits = zone[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    if hours > 15 or minutes > 59:
        raise ValueError(f"{shown(text)} has a zone that does not exist")
    offset = timedelta(hours=hours, minutes=minutes)
    return offset if zone[0] == "+" else -offset
