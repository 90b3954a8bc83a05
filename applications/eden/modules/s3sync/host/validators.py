"""web2py's validators as fast checks of typed values.

A validator is made for a single text from a form. An import checks thousands of values, which are already numbers,
dates and lists. So the common checks are done here. The validator itself is called only for a value that fails, for
its message, and for checks that are not known here. Validators with database queries are never called: they become
properties of the field, which the importer checks for whole sets.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Callable, Optional

Checked = tuple[Any, Optional[str]]
Check = Callable[[Any], Checked]

#: Validators that need no check: the decoder has ensured the type.
_TYPED = frozenset(
    (
        "IS_DATE",
        "IS_DATETIME",
        "IS_TIME",
        "IS_JSON",
        "IS_UTC_DATETIME",
        "IS_UTC_DATE",
        "CRYPT",
        "IS_STRONG",
        "JSONERRORS",
    )
)
_RANGES = frozenset(
    (
        "IS_INT_IN_RANGE",
        "IS_FLOAT_IN_RANGE",
        "IS_DECIMAL_IN_RANGE",
        "IS_DATE_IN_RANGE",
        "IS_DATETIME_IN_RANGE",
    )
)
_PURE = frozenset(
    ("IS_EMAIL", "IS_URL", "IS_MATCH", "IS_ALPHANUMERIC", "IS_LOWER", "IS_UPPER", "IS_IPV4", "IS_IPV6")
)


#: Longer than any text.
LONGEST = 2**63


@dataclass
class FieldRules:
    """The rules that the validators of a field make.

    Attributes:
        required: an empty value is refused.
        unique: the value must not occur twice in the table.
        lookup: table and field in which the value must occur.
        steps: checks of a value that is not empty, in order.
        longest: if all steps only limit the length of a text, the maximum length.
        null: the stored form of an empty value.
        turns_empty_to_null: whether an empty value is replaced by ``null`` before it is stored.
        empty_message: the error message if an empty value is refused.
    """

    required: bool = False
    unique: bool = False
    lookup: tuple[str, str] | None = None
    steps: list[Check] = field(default_factory=list)
    longest: int | None = LONGEST
    null: Any = None
    turns_empty_to_null: bool = False
    empty_message: str = "Enter a value"


def is_empty(value: Any) -> bool:
    """Return whether web2py treats the value as empty."""
    return value is None or value == "" or value == [] or (isinstance(value, str) and not value.strip())


def flattened(requires: Any) -> Iterator[tuple[Any, bool]]:
    """Yield the validators of a field in order, each with whether it is skipped for an empty value."""
    for each in requires if isinstance(requires, (list, tuple)) else [requires]:
        if _is(each, "DefaultValidatorProxy"):
            # Newer versions of pydal wrap the default validators of a field like this.
            yield from flattened(each.obj)
            continue
        if each is None or type(each).__name__ == "Validator":
            continue
        if _is(each, "IS_EMPTY_OR", "IS_NULL_OR"):
            yield each, True
            for inner, _ in flattened(each.other):
                yield inner, True
        else:
            yield each, False


def read_rules(requires: Any, kind: str, late: Callable[[int], Any]) -> FieldRules:
    """Return the rules of a field from its validators.

    Args:
        requires: the field's ``requires``: None, a validator or a list of them.
        kind: kind of the field, see schema.Field.
        late: returns the validator at an index of ``flattened(requires)`` in the current request: an unknown
            validator may keep a database connection, which belongs to one request.
    """
    rules = FieldRules()
    reference = "reference" in kind
    for place, (validator, optional) in enumerate(flattened(requires)):
        if _is(validator, "IS_EMPTY_OR", "IS_NULL_OR"):
            rules.turns_empty_to_null = True
            rules.null = getattr(validator, "null", None) or None
            continue
        if _is(validator, "IS_NOT_IN_DB", "UniqueValue"):
            rules.unique = True
            continue
        demands = not _is(validator, "IS_LENGTH", "IS_JSON", "ReferenceTo", "CRYPT", "IS_LIST_OF", "CLEANUP")
        if getattr(validator, "required", False) is True:
            demands = True
        if not optional and demands and not getattr(validator, "multiple", False) and kind != "boolean":
            rules.required = True
        if _is(validator, "IS_IN_DB"):
            if not reference:
                rules.lookup = (str(validator.ktable), str(validator.kfield))
            continue
        if (
            reference
            or kind in ("upload", "password", "blob")
            or _is(validator, "IS_NOT_EMPTY", "ReferenceTo", *_TYPED)
        ) and not (_is(validator, *_RANGES) and not reference):
            continue
        rules.steps.append(_step(validator, kind, place, late))
        only_length = _is(validator, "IS_LENGTH") and validator.minsize <= 1
        rules.longest = min(rules.longest or 0, validator.maxsize) if only_length and rules.longest else None
    return rules


def compile_rules(rules: FieldRules) -> Check | None:
    """Return one check for all rules, None if there is nothing to check."""
    steps = tuple(rules.steps)
    if not steps and not rules.required and not rules.turns_empty_to_null:
        return None
    required, to_null, null, message = (
        rules.required,
        rules.turns_empty_to_null,
        rules.null,
        rules.empty_message,
    )

    def check(value: Any) -> Checked:
        if is_empty(value):
            if required:
                return value, message
            return (null, None) if to_null or value is None else (value, None)
        for step in steps:
            value, error = step(value)
            if error is not None:
                return value, error
        return value, None

    return check


def _is(validator: Any, *names: str) -> bool:
    return any(each.__name__ in names for each in type(validator).__mro__)


def _ask(validator: Any, value: Any) -> Checked:
    """Check the value with the validator itself."""
    result, error = validator(value)
    return result, None if error is None else str(error)


def _as_text(check: Check) -> Check:
    """Let a validator see a JSON value as it stands in a form; the value stays what it is."""

    def step(value: Any) -> Checked:
        _, error = check(json.dumps(value))
        return value, error

    return step


def _step(validator: Any, kind: str, place: int, late: Callable[[int], Any]) -> Check:
    if kind == "json":
        return _as_text(lambda text: _ask(late(place), text))
    passes = _quick_test(validator, kind)
    if passes is None:
        if _is(validator, *_PURE) or getattr(validator, "s3_pure", False):
            return lambda value: _ask(validator, value)
        return lambda value: _ask(late(place), value)
    test = passes

    def step(value: Any) -> Checked:
        return (value, None) if test(value) else _refusal(validator, value)

    return step


def _refusal(validator: Any, value: Any) -> Checked:
    result, error = _ask(validator, value)
    if error is None:
        return result, None
    return value, error


def _quick_test(validator: Any, kind: str) -> Callable[[Any], bool] | None:
    """Return a function that recognises values which certainly pass, None if only the validator can tell."""
    if _is(validator, "IS_LENGTH"):
        longest, shortest = validator.maxsize, validator.minsize
        return lambda value: isinstance(value, str) and shortest <= len(value) <= longest
    if _is(validator, "IS_IN_SET"):
        allowed = frozenset(str(each) for each in validator.theset)
        if kind.startswith("list:"):
            return lambda value: (
                isinstance(value, (list, tuple)) and all(str(each) in allowed for each in value)
            )
        return lambda value: str(value) in allowed
    if _is(validator, *_RANGES):
        return _range_test(validator)
    return None


def _range_test(validator: Any) -> Callable[[Any], bool]:
    lowest, highest = getattr(validator, "minimum", None), getattr(validator, "maximum", None)
    if callable(lowest) or callable(highest):
        return lambda value: False
    below = _is(validator, "IS_INT_IN_RANGE")

    def passes(value: Any) -> bool:
        if isinstance(value, str):
            return False
        if isinstance(value, date) and not isinstance(lowest or highest or value, type(value)):
            return False
        if lowest is not None and value < lowest:
            return False
        return highest is None or (value < highest if below else value <= highest)

    return passes


__all__: Sequence[str] = (
    "Check",
    "FieldRules",
    "compile_rules",
    "flattened",
    "is_empty",
    "read_rules",
)
