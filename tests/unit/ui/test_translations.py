"""No value that is put into a translated text can leave the attribute in which the text stands."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest
from gluon.html import INPUT, SPAN
from gluon.languages import TranslatorFactory

from s3sync.ui import translations as translations
from tests.support.places import APPLICATION

VIEWS = sorted((APPLICATION / "views").rglob("*.html"))

# An attribute that begins with an expression, or has one in it.
_ATTRIBUTE = re.compile(
    r"""\s[\w-]+=(?:"[^"{]*\{\{=(.*?)\}\}|'[^'{]*(\{\{=.*?\}\})|(\{\{=.*?\}\}))""", re.DOTALL
)
_FILLED = re.compile(r"""\bT\(.*\)\s*(?:%|\.format\b|\+)""", re.DOTALL)


def attributes(view: str) -> list[str]:
    """Return what is wrong with the attributes of a view."""
    found = []
    for match in _ATTRIBUTE.finditer(view):
        quoted, single, bare = match.groups()
        expression = quoted or ""
        if single or bare or (_FILLED.search(expression) and not expression.strip().startswith("str(")):
            found.append(match[0])
    return found


@pytest.mark.parametrize("view", VIEWS, ids=lambda path: str(path.relative_to(APPLICATION / "views")))
def test_views_put_filled_translations_into_attributes_as_text(view: Path) -> None:
    assert attributes(view.read_text(encoding="utf-8")) == []


def test_the_finder_finds_the_pattern() -> None:
    assert attributes("""<a title="{{=T('Choose %s') % name}}">""")
    assert attributes("""<a title="x {{=T('Choose %s') % name}}">""")
    assert attributes("""<a title='{{=T("Choose")}}'>""")
    assert attributes("<a title={{=name}}>")
    assert not attributes(
        """<a title="{{=str(T('Choose %s') % name)}}" href="{{=URL('a')}}">{{=T('%s') % 1}}</a>"""
    )
    assert not attributes("""<a title="{{=T('Choose')}}">""")


def test_a_translation_in_an_attribute_of_a_helper_is_escaped(tmp_path: Path) -> None:
    T = TranslatorFactory(str(tmp_path), None)
    T.is_writable = False
    translations.quote_translations()
    text = T("Choose %s") % 'Org" onfocus=alert(1) x="'
    (title,) = re.findall('title="(.*?)"', str(INPUT(_title=text)))
    assert title == "Choose Org&quot; onfocus=alert(1) x=&quot;"
    assert str(SPAN(text)).count('"') == 0
    assert pickle.loads(pickle.dumps(text)) == 'Choose Org" onfocus=alert(1) x="'


def test_in_an_eden_our_texts_come_from_our_files_and_all_others_from_its_own(tmp_path: Path) -> None:
    theirs, own = tmp_path / "languages", tmp_path / "languages" / "eden_sync"
    own.mkdir(parents=True)
    head = "'!langcode!': 'de', '!langname!': 'Deutsch', "
    (theirs / "de.py").write_text(f"{{{head}'Home': 'Start', 'Repository': 'Lager'}}", encoding="utf-8")
    (own / "de.py").write_text(f"{{{head}'Repository': 'Gegenstelle %s'}}", encoding="utf-8")
    eden = TranslatorFactory(str(theirs), "de")
    T = translations.own_texts(eden, str(tmp_path))
    eden.force("de")
    assert [str(T("Home")), str(T("Repository", "A")), str(T("unknown"))] == [
        "Start",
        "Gegenstelle A",
        "unknown",
    ]
    T.force("en")
    assert str(T("Repository")) == "Repository"
    T.is_writable = False
    assert eden.is_writable is False and T.accepted_language == eden.accepted_language
