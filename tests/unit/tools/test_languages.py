"""What is found to be translated; whether everything shown to people can be found so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import languages
from tools.languages import marked, marked_in, missing, placeholders, python_of, texts


def test_marked_strings_of_python_are_found() -> None:
    source = 'T("one")\ndesk.T("two" " halves") % 3\nself.translator("three")\nt("not this")\nT(name)\nT()\n'
    assert [each.text for each in marked_in(source, "x.py")] == ["one", "two halves", "three", None]


def test_marked_strings_of_views_are_found(tmp_path: Path) -> None:
    view = tmp_path / "page.html"
    view.write_text(
        "{{extend 'layout.html'}}{{include 'part.html'}}<p title=\"{{=T('a title')}}\">"
        "{{if x:}}{{=T(\"it's\") % 1}}{{else:}}{{_all = {'k': T('v')} }}{{pass}}</p>{{=x('T')}}",
        encoding="utf-8",
    )
    assert [each.text for each in marked_in(python_of(view, tmp_path), "page.html")] == [
        "a title",
        "it's",
        "v",
    ]


def test_both_forms_of_a_counted_message_are_found_and_the_plural_is_known_as_one() -> None:
    source = 'counted(T, n, "%(count)s entry", "%(count)s entries")\ncounted(T, n, one, other)\n'
    assert [(each.text, each.form) for each in marked_in(source, "x.py")] == [
        ("%(count)s entry", "one"),
        ("%(count)s entries", "other"),
        (None, "one"),
        (None, "other"),
    ]


def counting(tmp_path: Path, language: str, known: dict[str, str]) -> Path:
    """Return an application with one counted message, and what a language says."""
    for folder in ("models", "controllers", "modules", "views", "languages"):
        (tmp_path / folder).mkdir()
    (tmp_path / "models" / "a.py").write_text('counted(T, n, "%(count)s day", "%(count)s days")\n')
    (tmp_path / "languages" / f"{language}.py").write_text(repr(known), encoding="utf-8")
    return tmp_path


def test_a_language_needs_each_form_that_its_rule_asks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(languages, "OF_WEB2PY", ())
    known = {"%(count)s day": "يوم واحد", "%(count)s days": "%(count)s يوم", "%(count)s days##six": "x"}
    application = counting(tmp_path, "ar", known)
    assert languages.missing("ar", application) == [
        f"%(count)s days##{form}" for form in ("few", "many", "two", "zero")
    ]
    assert languages.superfluous("ar", application) == ["%(count)s days##six"]


def test_a_form_for_one_number_alone_may_leave_it_out(tmp_path: Path) -> None:
    known = {"%(count)s day": "يوم", "%(count)s days##two": "يومان", "%(count)s days##few": "أيام"}
    assert languages.distorted("ar", counting(tmp_path, "ar", known)) == ["%(count)s days##few"]


def test_the_french_singular_says_its_number_as_it_also_stands_for_none(tmp_path: Path) -> None:
    known = {"%(count)s day": "un jour", "%(count)s days": "%(count)s jours"}
    assert languages.distorted("fr", counting(tmp_path, "fr", known)) == ["%(count)s day"]


def test_strings_without_a_translation_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("models", "controllers", "modules", "views", "languages"):
        (tmp_path / folder).mkdir()
    (tmp_path / "models" / "a.py").write_text('T("Yes")\nT("No")\nT("%(count)s records, %s%%")\n')
    (tmp_path / "languages" / "de.py").write_text(
        '{"!langcode!": "de", "Yes": "Ja", "No": "", "Old": "Alt", "%(count)s records, %s%%": "%s Datensätze"}',
        encoding="utf-8",
    )
    monkeypatch.setattr(languages, "OF_WEB2PY", ("Enter a value",))
    assert texts(tmp_path) == ["%(count)s records, %s%%", "Enter a value", "No", "Yes"]
    assert missing("de", tmp_path) == ["Enter a value", "No"]
    assert languages.superfluous("de", tmp_path) == ["Old"]
    assert languages.distorted("de", tmp_path) == ["%(count)s records, %s%%"]


def test_placeholders_are_compared_whatever_their_order() -> None:
    assert placeholders("%(a)s of %(b)s") == placeholders("%(b)s von %(a)s")
    assert placeholders("100%% of %s") == [":s"] and placeholders("%(min)g") == ["min:g"]


#: Where strings are translated that are marked at another place: labels of tables and of repository types.
TRANSLATED_LATER = {
    "modules/s3/data_model/fields.py",
    "modules/s3sync/core/plurals.py",
    "modules/s3sync/web/screens/repository/configuration.py",
    "modules/s3sync/web/screens/repository/connection_test.py",
    "modules/s3sync/web/screens/repository/form.py",
    "modules/s3sync/ui/choice.py",
    "modules/s3sync/web/screens/stick_seal.py",
}


def test_only_literal_strings_are_marked() -> None:
    """A variable in T() is a string that nobody can find to translate."""
    variable = [each for each in marked() if each.text is None and each.path not in TRANSLATED_LATER]
    assert [f"{each.path}:{each.line}" for each in variable] == []


def test_labels_of_tables_and_repository_types_are_found() -> None:
    assert {"Capacity (Day)", "Shelter Type", "Organizations", "Home Country", "Address (URL)"} <= set(
        texts()
    )


@pytest.mark.parametrize("language", languages.LANGUAGES)
def test_translations_fill_in_the_same(language: str) -> None:
    assert languages.distorted(language) == []


@pytest.mark.parametrize("language", languages.LANGUAGES)
def test_every_string_is_translated(language: str) -> None:
    assert languages.missing(language) == []
    assert languages.superfluous(language) == []
