"""A site is found and asked, never made."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from launcher.configuration import SiteConfiguration
from launcher.instance import prepare_instance
from launcher.operator_commands import asking as asking
from launcher.operator_commands.asking import KnownSite, ask, find_site
from launcher.problems import Problem


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(asking, "environment_with_gluon", lambda: Path(sys.executable))
    prepare_instance(tmp_path / "site")
    return tmp_path / "site"


def test_a_site_is_found_by_its_folder(home: Path) -> None:
    found = find_site(home)
    assert found.home == home and found.configuration.port == 8000


def test_where_none_is_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="There is no site in"):
        find_site(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_the_site_of_another_user_is_left_to_him(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    with pytest.raises(Problem, match="belongs to the user") as caught:
        find_site(home)
    assert "sudo -u " in caught.value.remedy


def test_a_checkout_that_was_never_started_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "environment_with_gluon", lambda: None)
    with pytest.raises(Problem, match="no Python environment"):
        find_site(home)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KnownSite:
    """A site whose scripts are run by Python alone."""
    monkeypatch.setattr(
        asking, "script_command", lambda python, home, script, given: [str(python), str(script), *given]
    )
    monkeypatch.setattr(asking, "SCRIPTS", tmp_path)
    return KnownSite(tmp_path, Path(sys.executable), SiteConfiguration())


def test_a_script_tells_news_before_its_result(site: KnownSite) -> None:
    (site.home / "operate.py").write_text(
        "import os, sys\nprint('a warning')\nprint('{\"news\": {\"done\": 3}}')\n"
        "open(os.environ['EDEN_RESULT'], 'w').write('[\"%s\", \"%s\"]' % (sys.argv[1], os.environ['EDEN_LOOK_ONLY']))\n"
    )
    news: list[Any] = []
    assert ask(site, "operate", ["x"], news.append) == ["x", "1"]
    assert news == [{"done": 3}]


@pytest.mark.parametrize(
    ("raised", "told", "remedy"),
    [
        (
            "psycopg2.OperationalError: could not connect",
            "OperationalError: could not connect",
            "database server runs",
        ),
        ("a.b.SchemaOutdated: other tables", "SchemaOutdated: other tables", "make a backup"),
        ("nothing known", "nothing known", "Repair"),
    ],
)
def test_a_site_that_cannot_be_opened_says_why(site: KnownSite, raised: str, told: str, remedy: str) -> None:
    (site.home / "operate.py").write_text(f"print('Traceback')\nprint({raised!r})\n")
    with pytest.raises(Problem) as caught:
        ask(site, "operate", [], print)
    assert caught.value.message.endswith(f"cannot be opened: {told}") and remedy in caught.value.remedy
