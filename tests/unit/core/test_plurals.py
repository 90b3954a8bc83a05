"""Counted messages: the forms of five languages, and that nothing decides on them but the one module."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import time

import pytest
from gluon.languages import TranslatorFactory
from gluon.template import render

from s3sync.core.plurals import FORMS, Form, counted, form
from s3sync.web.screens.words import states_and_units as states_and_units
from tools.languages import APPLICATION, LANGUAGES, python_of

#: By CLDR's common/supplemental/plurals.xml, from the sample numbers of each rule.
CLDR = {
    "en": {"one": (1,), "other": (0, 2, 3, 10, 11, 16, 21, 100, 101, 102, 111, 1000, 1_000_000)},
    "de": {"one": (1,), "other": (0, 2, 3, 10, 11, 16, 21, 100, 101, 102, 111, 1000, 1_000_000)},
    "es": {
        "one": (1,),
        "many": (1_000_000, 2_000_000),
        "other": (0, 2, 3, 10, 11, 16, 21, 100, 101, 102, 111, 1000, 1_000_001),
    },
    "fr": {
        "one": (0, 1),
        "many": (1_000_000, 2_000_000),
        "other": (2, 3, 10, 11, 17, 21, 100, 101, 102, 111, 1000, 1_000_001),
    },
    "ar": {
        "zero": (0,),
        "one": (1,),
        "two": (2,),
        "few": (3, 10, 103, 110, 1003),
        "many": (11, 21, 26, 99, 111, 1011),
        "other": (100, 101, 102, 200, 202, 1000, 10_000, 1_000_000),
    },
}


@pytest.mark.parametrize(
    ("language", "count", "expected"),
    [
        (language, count, name)
        for language, forms in CLDR.items()
        for name, counts in forms.items()
        for count in counts
    ],
)
def test_forms_are_those_of_cldr(language: str, count: int, expected: str) -> None:
    assert form(language, count).value == expected


def test_forms_that_a_language_has_are_those_its_rule_returns() -> None:
    for language, forms in FORMS.items():
        assert {form(language, count) for count in (*range(200), 1_000_000)} == set(forms)
    assert {"en", *LANGUAGES} == FORMS.keys()


def test_a_region_has_the_forms_of_its_language_and_an_unknown_language_those_of_english() -> None:
    assert form("fr-ca", 0) is Form.ONE
    assert form("fi", 1) is Form.ONE and form("fi", 0) is Form.OTHER


def translator(language: str) -> TranslatorFactory:
    found = TranslatorFactory(str(APPLICATION / "languages"), language)
    found.is_writable = False
    return found


def said(language: str, one: str, other: str, *counts: int) -> list[str]:
    T = translator(language)
    return [str(counted(T, count, one, other)) for count in counts]


def test_records_are_counted_in_arabic() -> None:
    T = translator("ar")
    assert [str(states_and_units.records(T, count)) for count in (0, 1, 2, 3, 11, 100)] == [
        "0 سجل",
        "سجل واحد",
        "سجلان",
        "3 سجلات",
        "11 سجلًا",
        "100 سجل",
    ]


def test_records_are_counted_in_french() -> None:
    T = translator("fr")
    assert [str(states_and_units.records(T, count)) for count in (0, 1, 2, 3, 11, 1_000_000)] == [
        "0 enregistrement",
        "1 enregistrement",
        "2 enregistrements",
        "3 enregistrements",
        "11 enregistrements",
        "1\u202f000\u202f000 d’enregistrements",
    ]


def test_verbs_agree_with_the_number() -> None:
    message = ("%(count)s record needs your decision", "%(count)s records need your decision")
    assert said("fr", *message, 0, 1, 2, 11) == [
        "0 enregistrement attend votre décision",
        "1 enregistrement attend votre décision",
        "2 enregistrements attendent votre décision",
        "11 enregistrements attendent votre décision",
    ]
    assert said("ar", *message, 0, 1, 2, 3, 11) == [
        "لا سجل يحتاج إلى قرارك",
        "سجل واحد يحتاج إلى قرارك",
        "سجلان يحتاجان إلى قرارك",
        "3 سجلات تحتاج إلى قرارك",
        "11 سجلًا يحتاج إلى قرارك",
    ]
    assert said("de", *message, 1, 2) == [
        "1 Datensatz braucht Ihre Entscheidung",
        "2 Datensätze brauchen Ihre Entscheidung",
    ]


@pytest.mark.parametrize(
    ("language", "count", "expected"),
    [
        ("fr", 0, ""),
        ("fr", 1, "1 enregistrement attend votre décision"),
        ("fr", 2, "2 enregistrements attendent votre décision"),
        ("ar", 1, "سجل واحد يحتاج إلى قرارك"),
        ("ar", 2, "سجلان يحتاجان إلى قرارك"),
        ("ar", 3, "3 سجلات تحتاج إلى قرارك"),
        ("ar", 11, "11 سجلًا يحتاج إلى قرارك"),
    ],
)
def test_a_page_says_how_many_wait_for_a_decision(language: str, count: int, expected: str) -> None:
    context = {"T": translator(language), "URL": lambda *args, **names: "/", "undecided": count}
    page = render(filename=str(APPLICATION / "views" / "sync" / "undecided.html"), context=context)
    assert re.sub(r"<[^>]*>", "", page).strip() == expected


def test_rhythms_are_counted() -> None:
    def rhythms(language: str) -> list[str]:
        T = translator(language)
        found = [states_and_units.rhythm(T, days * 86400, time(6, 30)) for days in (1, 2, 3, 11)]
        return [str(each).partition("<time")[0] for each in found]

    assert rhythms("de") == ["Jeden Tag um ", "Alle 2 Tage um ", "Alle 3 Tage um ", "Alle 11 Tage um "]
    assert rhythms("fr")[:2] == ["Tous les jours à ", "Tous les 2 jours à "]
    assert [each.partition(" عند")[0] for each in rhythms("ar")] == [
        "كل يوم",
        "كل يومين",
        "كل 3 أيام",
        "كل 11 يومًا",
    ]


def test_spans_of_time_fit_into_sentences() -> None:
    T = translator("ar")
    behind = [
        str(T("The clock of the other site is %s behind ours.") % states_and_units.seconds(T, each))
        for each in (2, 5, 70)
    ]
    assert [each.partition("بمقدار ")[2] for each in behind] == ["ثانيتين.", "5 ثوانٍ.", "70 ثانية."]


def test_a_counted_message_holds_another() -> None:
    message = ("%(count)s entry is older than %(age)s.", "%(count)s entries are older than %(age)s.")
    T = translator("ar")
    found = [
        str(counted(T, entries, *message, age=states_and_units.days(T, days)))
        for entries, days in ((2, 2), (3, 11))
    ]
    assert found == ["بندان أقدم من يومين.", "3 بنود أقدم من 11 يومًا."]


def test_english_needs_no_translator() -> None:
    texts = [
        counted(str, count, "%(count)s of %(all)s", "%(count)s of all %(all)s", all=9) for count in (1, 2)
    ]
    assert texts == ["1 of 9", "2 of all 9"]


# --- nothing else decides ------------------------------------------------------------------------------------


def decides_by_number(tree: ast.AST) -> Iterator[int]:
    """Yield the lines that choose words by a comparison with 1 or 2, as only English can."""
    for node in ast.walk(tree):
        if not isinstance(node, (ast.If, ast.IfExp)) or not _compares(node.test):
            continue
        branches = [node.body, node.orelse] if isinstance(node, ast.IfExp) else [*node.body, *node.orelse]
        if any(_makes_words(inner) for branch in branches for inner in ast.walk(branch)):
            yield node.lineno


def _compares(test: ast.AST) -> bool:
    return any(
        isinstance(operator, (ast.Eq, ast.NotEq))
        and isinstance(number, ast.Constant)
        and type(number.value) is int
        and number.value in (1, 2)
        for node in ast.walk(test)
        if isinstance(node, ast.Compare)
        for operator, number in zip(node.ops, node.comparators)
    )


def _makes_words(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Mod)
    if not isinstance(node, ast.Call):
        return False
    return (node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")) == "T"


def test_a_decision_by_number_is_found() -> None:
    found = (
        "x = T('1 record') if n == 1 else T('records')",
        "if len(x) == 2:\n    T('1 more')",
        "one if n != 1 else many % n",
    )
    assert [list(decides_by_number(ast.parse(each))) for each in found] == [[1], [1], [1]]
    harmless = (
        "T('none') if n == 0 else T('some')",
        "x if len(chosen) == 1 else ''",
        "if n > 1:\n    T('Previous')",
    )
    assert [list(decides_by_number(ast.parse(each))) for each in harmless] == [[], [], []]


def sources() -> Iterator[tuple[str, str]]:
    for folder in ("models", "controllers", "modules"):
        for path in sorted((APPLICATION / folder).rglob("*.py")):
            yield str(path.relative_to(APPLICATION)), path.read_text(encoding="utf-8")
    for path in sorted((APPLICATION / "views").rglob("*.html")):
        yield str(path.relative_to(APPLICATION)), python_of(path, APPLICATION / "views")


def test_words_are_not_chosen_by_comparing_a_number_with_one() -> None:
    found = [f"{path}:{line}" for path, source in sources() for line in decides_by_number(ast.parse(source))]
    assert found == []


def test_scripts_of_pages_do_not_compare_a_number_with_one() -> None:
    """They get their words from the page, in the form that the number needs."""
    scripts = sorted((APPLICATION / "static" / "sync").glob("*.js"))
    assert scripts
    assert [path.name for path in scripts if re.search(r"[!=]==? ?[12]\b", path.read_text("utf-8"))] == []
