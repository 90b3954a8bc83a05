"""web2py's validators as quick checks."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from pydal.validators import (
    IS_DATE,
    IS_DATE_IN_RANGE,
    IS_EMAIL,
    IS_EMPTY_OR,
    IS_FLOAT_IN_RANGE,
    IS_IN_SET,
    IS_INT_IN_RANGE,
    IS_LENGTH,
    IS_LOWER,
    IS_MATCH,
    IS_NOT_EMPTY,
    Validator,
)

from s3sync.host.validators import compile_rules, flattened, read_rules


class Unknown(Validator):
    """A validator of the host, of which nothing is known."""

    def __call__(self, value: Any, record_id: Any = None) -> Any:
        return (value, None) if value == "right" else (value, "wrong")


class JsonInAForm(Validator):
    """As a complete Eden has it: it reads the text of a form."""

    def __call__(self, value: Any, record_id: Any = None) -> Any:
        try:
            return json.loads(value), None
        except (TypeError, ValueError) as error:
            return value, str(error)


@pytest.mark.parametrize("value", [{"number": 1}, ["a", None], [{"sub": [1.5]}], "text", 7, True])
def test_validators_of_json_are_asked_with_a_text_as_in_a_form(value: Any) -> None:
    assert check(JsonInAForm(), value, "json") == (value, None)
    assert check([IS_EMPTY_OR(Unknown())], value, "json") == (value, "wrong")


def check(requires: Any, value: Any, kind: str = "string") -> Any:
    rules = read_rules(requires, kind, lambda place: list(flattened(requires))[place][0])
    compiled = compile_rules(rules)
    return (value, None) if compiled is None else compiled(value)


@pytest.mark.parametrize(
    "requires, value, kind",
    [
        (IS_LENGTH(3), "abc", "string"),
        (IS_LENGTH(3), "äöü", "string"),
        (IS_LENGTH(3, 1), None, "string"),
        ([IS_NOT_EMPTY(), IS_LENGTH(3)], "abc", "string"),
        (IS_IN_SET({1: "a", 2: "b"}), 2, "integer"),
        (IS_IN_SET(("x", "y"), multiple=True), ["x", "y"], "list:string"),
        (IS_IN_SET(("x", "y"), multiple=True), [], "list:string"),
        (IS_INT_IN_RANGE(0, 10), 9, "integer"),
        (IS_FLOAT_IN_RANGE(-90, 90), 90.0, "double"),
        (IS_EMPTY_OR(IS_FLOAT_IN_RANGE(-90, None)), 1e9, "double"),
        (IS_DATE(), date(2026, 1, 1), "date"),
        (IS_DATE_IN_RANGE(date(2026, 1, 1), date(2026, 12, 31)), date(2026, 6, 1), "date"),
        (IS_EMAIL(), "a@example.org", "string"),
        (IS_EMPTY_OR(IS_EMAIL()), None, "string"),
        (IS_MATCH("[a-z]+$"), "abc", "string"),
        (Unknown(), "right", "string"),
        (None, "anything", "string"),
        (IS_NOT_EMPTY(), False, "boolean"),
        (IS_NOT_EMPTY(), 0, "integer"),
    ],
)
def test_what_is_valid_passes_unchanged(requires: Any, value: Any, kind: str) -> None:
    assert check(requires, value, kind) == (value, None)


@pytest.mark.parametrize(
    "requires, value, kind, words",
    [
        (IS_LENGTH(3), "abcd", "string", "3 characters"),
        (IS_EMPTY_OR(IS_LENGTH(3)), "abcd", "string", "3 characters"),
        ([IS_NOT_EMPTY(), IS_LENGTH(3)], "", "string", "Enter a value"),
        (IS_NOT_EMPTY(), "  ", "string", "Enter a value"),
        (IS_NOT_EMPTY(), None, "integer", "Enter a value"),
        (IS_IN_SET({1: "a", 2: "b"}), 3, "integer", "not allowed"),
        (IS_IN_SET({1: "a", 2: "b"}), None, "integer", "Enter a value"),
        (IS_IN_SET(("x", "y"), multiple=True), ["x", "z"], "list:string", "not allowed"),
        (IS_INT_IN_RANGE(0, 10), 10, "integer", "0 and 9"),
        (IS_INT_IN_RANGE(0, 10), -1, "integer", "0 and 9"),
        (IS_FLOAT_IN_RANGE(-90, 90), 90.1, "double", "-90"),
        (IS_DATE_IN_RANGE(date(2026, 1, 1), date(2026, 12, 31)), date(2027, 1, 1), "date", "2026"),
        (IS_EMAIL(), "nobody", "string", "email"),
        (IS_EMPTY_OR(IS_MATCH("[a-z]+$", error_message="letters")), "1", "string", "letters"),
        (Unknown(), "left", "string", "wrong"),
    ],
)
def test_what_is_invalid_is_refused_with_the_validators_words(
    requires: Any, value: Any, kind: str, words: str
) -> None:
    result, error = check(requires, value, kind)
    assert result == value
    assert words in error


def test_validators_that_change_a_value_are_heard() -> None:
    assert check([IS_LENGTH(9), IS_LOWER()], "ABC") == ("abc", None)


@pytest.mark.parametrize("value", ["", "  ", None])
def test_empty_becomes_null_where_empty_is_allowed(value: Any) -> None:
    assert check(IS_EMPTY_OR(IS_LENGTH(3)), value) == (None, None)
    assert check(IS_LENGTH(3), value) == (value, None)


def test_references_are_not_validated_one_by_one() -> None:
    rules = read_rules(IS_EMPTY_OR(Unknown()), "reference", lambda place: None)
    assert (rules.steps, rules.required) == ([], False)
    assert read_rules(Unknown(), "reference", lambda place: None).required


def test_unknown_validators_are_those_of_the_running_request() -> None:
    late = [Unknown()]
    rules = read_rules([IS_LENGTH(9), Unknown()], "string", lambda place: late[place - 1])
    compiled = compile_rules(rules)
    assert compiled is not None and compiled("left") == ("left", "wrong")
    late[0] = lambda value: (value.upper(), None)  # type: ignore[assignment]
    assert compiled("left") == ("LEFT", None)


class DefaultValidatorProxy(Validator):
    """How newer versions of pydal hand out the validators of a field that asks for nothing."""

    def __init__(self, obj: Any) -> None:
        self.obj = obj


@pytest.mark.parametrize("kind", ["upload", "string", "json"])
def test_what_newer_versions_of_pydal_put_on_every_field_asks_for_nothing(kind: str) -> None:
    requires = DefaultValidatorProxy(IS_EMPTY_OR(Validator()))
    assert not read_rules(requires, kind, lambda place: None).required
    assert check(requires, None, kind) == (None, None)


def test_a_wrapped_default_still_checks() -> None:
    requires = DefaultValidatorProxy(IS_EMPTY_OR(IS_INT_IN_RANGE(0, 10)))
    assert check(requires, 9, "integer") == (9, None)
    assert check(requires, 99, "integer")[1]
