"""The look: enough contrast in both themes, pieces of pages, forms without styles, the framework's files."""

from __future__ import annotations

import pickle
import re
from datetime import datetime
from importlib import metadata
from pathlib import Path

import pytest
from gluon import FORM, SQLFORM, Field, current
from gluon.globals import Request, Response, Session
from gluon.storage import Storage
from gluon.validators import IS_NOT_EMPTY

from s3.pages import reader_choices as reader_choices
from s3sync.ui import assets as assets
from s3sync.ui import look as look
from s3sync.ui.choice import Choice
from s3sync.ui.forms import buttons, checkboxes, form_rows
from tests.support.places import APPLICATION

STATIC = APPLICATION / "static"
CSS = (STATIC / "sync" / "eden.css").read_text(encoding="utf-8")


def test_a_problem_is_a_text_that_a_session_can_keep() -> None:
    told = pickle.loads(pickle.dumps(look.Problem("Nothing was changed")))
    assert (told, told.is_problem) == ("Nothing was changed", True)


def tokens(name: str) -> dict[str, str]:
    text = (STATIC / "sync" / name).read_text(encoding="utf-8")
    return dict(re.findall(r"--([\w-]+): ([^;]+);", text[text.index(":root {") :].partition("}")[0]))


LIGHT, DARK = tokens("eden.css"), tokens("dark.css")


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2.2, definition of relative luminance)."""
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_computed_as_defined() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


KINDS = ("good", "working", "waiting", "attention", "bad", "off")
TEXTS = [
    (text, ground) for text in ("text", "quiet", "link", "bad") for ground in ("page", "surface", "raised")
]
TEXTS += [(kind, f"{kind}-soft") for kind in KINDS] + [("text", f"{kind}-soft") for kind in KINDS]
TEXTS += [
    ("on-accent", "accent"),
    ("on-accent", "accent-hover"),
    ("on-bad", "bad-fill"),
    ("link", "accent-soft"),
    ("quiet", "attention-soft"),
]
EDGES = [
    ("edge", "surface"),
    ("edge", "page"),
    ("accent", "surface"),
    ("accent", "page"),
    ("fill", "surface"),
]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_texts_and_edges_stand_out(theme: dict[str, str]) -> None:
    weak = [pair for pair in TEXTS if contrast(theme[pair[0]], theme[pair[1]]) < 4.5]
    weak += [pair for pair in EDGES if contrast(theme[pair[0]], theme[pair[1]]) < 3]
    assert weak == []
    assert contrast("#ffffff", theme["fill"]) >= 3, "the sign in a ticked box"


def test_every_token_has_a_dark_colour() -> None:
    assert LIGHT.keys() == DARK.keys()


def test_the_framework_gets_the_same_colours_as_numbers() -> None:
    pairs = {
        "body-color": "text",
        "body-bg": "surface",
        "primary": "accent",
        "danger": "bad",
        "link-color": "link",
    }
    for theme in (LIGHT, DARK):
        for name, token in pairs.items():
            wanted = ", ".join(str(int(theme[token][index : index + 2], 16)) for index in (1, 3, 5))
            assert theme[f"bs-{name}-rgb"] == wanted, name


def test_styles_need_nothing_from_elsewhere() -> None:
    for path in STATIC.rglob("*.css"):
        if "bootstrap" not in path.parts:
            for address in re.findall(r"url\(\"?([^)\"]+)", path.read_text(encoding="utf-8")):
                assert (path.parent / address).is_file(), f"{path.name}: {address}"


def test_a_time_is_utc_until_the_script_comes() -> None:
    shown = str(look.moment(datetime(2026, 3, 1, 7, 5, 9)))
    assert 'datetime="2026-03-01T07:05:09Z"' in shown and ">2026-03-01 07:05 UTC<" in shown
    assert "data-moment" in shown and look.moment(None, "never") == "never"


def test_a_state_has_words_and_a_sign() -> None:
    for kind in KINDS:
        shown = str(look.state(kind, "in <step>"))
        assert f"state-{kind}" in shown and "in &lt;step&gt;" in shown and 'aria-hidden="true"' in shown
        assert f".state-{kind} " in CSS


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("/eden/sync/index?page=2", "/eden/sync/index?page=2"),
        ("https://example.org/", "/home"),
        ("//example.org", "/home"),
        ("/\\example.org", "/home"),
        ("/a\r\nSet-Cookie: x", "/home"),
        ("javascript:alert(1)", "/home"),
        (None, "/home"),
        (["/a", "/b"], "/home"),
    ],
)
def test_the_way_back_stays_at_this_site(address: object, wanted: str) -> None:
    assert reader_choices.way_back(address, "/home") == wanted


def test_only_known_choices_count() -> None:
    request = Storage(cookies={"eden_language": Storage(value="ar"), "eden_theme": Storage(value="neon")})
    assert (
        reader_choices.chosen(request, "language") == "ar" and reader_choices.chosen(request, "theme") is None
    )


def test_the_writing_direction_is_that_of_the_language() -> None:
    assert look.right_to_left("ar") and look.right_to_left("fa-ir")
    assert not look.right_to_left("de") and not look.right_to_left(None)


# --- forms --------------------------------------------------------------------------------------------------


@pytest.fixture()
def web2py(monkeypatch: pytest.MonkeyPatch) -> None:
    """As much of a request as forms ask for."""
    environment = {"request_method": "GET", "path_info": "/eden/default/index"}
    request = Request(environment)
    for name, value in (
        ("request", request),
        ("response", Response()),
        ("session", Session()),
        ("T", str),
    ):
        monkeypatch.setattr(current, name, value, raising=False)


def test_errors_and_help_are_tied_to_their_control(web2py: None) -> None:
    form = SQLFORM.factory(
        Field("name", label="Name", requires=IS_NOT_EMPTY(), comment="What it is called"),
        Field("agreed", "boolean", label="Agreed"),
        formstyle=form_rows,
        separator="",
        buttons=buttons("Save", "Cancel", "/back"),
        table_name="thing",
    )
    assert 'aria-describedby="thing_name__row__help"' in str(form) and "aria-invalid" not in str(form)
    assert not form.accepts({"name": ""}, formname=None, dbio=False)
    shown = str(form)
    control = re.search(r'<input[^>]*name="name"[^>]*>', shown)
    assert control and 'aria-invalid="true"' in control.group() and "is-invalid" in control.group()
    assert 'aria-describedby="name__error thing_name__row__help"' in control.group()
    assert 'id="name__error"' in shown and 'id="thing_name__row__help"' in shown
    assert 'aria-required="true"' in control.group() and "Fields with a * are needed." in shown
    assert re.search(r'class="form-check"><input[^>]*name="agreed"[^>]*>\s*<label', shown)
    assert 'href="/back"' in shown


def test_hidden_parts_of_forms_need_no_style(web2py: None) -> None:
    form = FORM(hidden={"a": "1"})
    form.formkey, form.formname = "key", "name"
    shown = str(form)
    assert "style=" not in shown and '<div hidden="hidden">' in shown
    assert all(part in shown for part in ('name="a"', 'value="key"', 'value="name"'))


def test_boxes_to_tick_are_a_group_with_a_name(web2py: None) -> None:
    form = SQLFORM.factory(
        Field(
            "days",
            "list:string",
            label="Days",
            default=["mo"],
            requires=Choice({"mo": "Monday", "tu": "Tuesday"}, multiple=True),
            widget=checkboxes,
        ),
        formstyle=form_rows,
        table_name="week",
    )
    shown = str(form)
    group = re.search(r'<div[^>]*role="group"[^>]*>', shown)
    assert group
    name = re.search(r'aria-labelledby="([^"]+)"', group.group())
    assert name and re.search(rf'id="{name.group(1)}"[^>]*>Days', shown)
    assert re.findall(r'checked="checked"[^>]*value="(\w+)"', shown) == ["mo"]


# --- the framework's files ----------------------------------------------------------------------------------


def test_the_framework_is_laid_out_once(tmp_path: Path) -> None:
    found = assets.lay_out(str(tmp_path))
    assert found.version == metadata.version(assets.PACKAGE)
    folder = tmp_path / "static" / "bootstrap" / found.version
    assert sorted(path.name for path in folder.iterdir()) == [assets.LEFT_TO_RIGHT, assets.RIGHT_TO_LEFT]
    kept = folder / assets.RIGHT_TO_LEFT
    kept.write_text("kept")
    assets.lay_out(str(tmp_path))
    assert kept.read_text() == "kept"
    assert found.address(rtl=True) == f"_{found.version}/bootstrap/{found.version}/{assets.RIGHT_TO_LEFT}"


def test_without_the_framework_pages_do_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "PACKAGE", "no-such-package")
    assert assets.framework(str(tmp_path)) is None
    monkeypatch.undo()
    (tmp_path / "static").write_text("no folder")
    assert assets.framework(str(tmp_path / "other")) is not None
    (tmp_path / "blocked").mkdir()
    (tmp_path / "blocked" / "static").write_text("no folder")
    assert assets.framework(str(tmp_path / "blocked")) is None
