"""The site's configuration file, and which home and options web2py's command line ends up with."""

from __future__ import annotations

import argparse
import configparser
from pathlib import Path

import pytest

from launcher.configuration import (
    SiteConfiguration,
    Wishes,
    public_address,
    read_configuration,
    wanted_configuration,
    with_value,
    write_configuration,
)
from launcher.places import CHECKOUT, DEFAULT_INSTANCE, configuration_file
from launcher.problems import Problem
from launcher.web2py import choose_home, with_absolute_script


@pytest.fixture
def home(tmp_path: Path) -> Path:
    configuration_file(tmp_path).parent.mkdir(parents=True)
    return tmp_path


def test_what_is_written_is_read_again(home: Path) -> None:
    assert read_configuration(home) is None
    database = "postgres://eden:50%25;[x]=#@db.example.org/eden"
    wanted = SiteConfiguration("0.0.0.0", 8080, database, "Ñorth = 1", "https://eden.example.org")
    assert write_configuration(home, wanted)
    assert read_configuration(home) == wanted
    assert not write_configuration(home, wanted)
    assert configuration_file(home).stat().st_mode & 0o777 == 0o600


def test_a_change_keeps_what_people_wrote(home: Path) -> None:
    write_configuration(home, SiteConfiguration())
    path = configuration_file(home)
    edited = path.read_text().replace("[sync]\n", "[sync]\n; bigger pages\npage_size = 4000\n")
    path.write_text(edited)
    write_configuration(home, wanted_configuration(read_configuration(home), Wishes(name="South", port=8001)))
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(path)
    assert parser["sync"]["page_size"] == "4000"
    assert "; bigger pages" in path.read_text()
    assert (parser["site"]["name"], parser["web"]["port"]) == ("South", "8001")


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("[db]\nuri = x\n", "[db]\nuri = y\n"),
        ("[DB]\nuri = x\n[db]\nURI: x\n", "[DB]\nuri = x\n[db]\nuri = y\n"),
        ("[db]\n; uri = x\n\n[web]\n", "[db]\n; uri = x\nuri = y\n\n[web]\n"),
        ("[web]\nport = 1\n", "[web]\nport = 1\n\n[db]\nuri = y\n"),
    ],
)
def test_one_value_changes_and_nothing_else(text: str, changed: str) -> None:
    assert with_value(text, "db", "uri", "y") == changed
    assert with_value(changed, "db", "uri", "y") == changed


def test_the_public_address_follows_the_port_until_somebody_sets_it() -> None:
    followed = wanted_configuration(SiteConfiguration(), Wishes(port=8001))
    assert followed.public_url == "http://127.0.0.1:8001"
    chosen = wanted_configuration(followed, Wishes(public_url="https://eden.example.org/"))
    assert chosen.public_url == "https://eden.example.org"
    assert wanted_configuration(chosen, Wishes(port=8002)).public_url == "https://eden.example.org"


def test_an_address_for_all_interfaces_is_reached_locally() -> None:
    assert SiteConfiguration(host="0.0.0.0", port=8000).local_url == "http://127.0.0.1:8000"
    assert SiteConfiguration(host="::", port=8000).local_url == "http://[::1]:8000"


def test_the_named_home_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDEN_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert choose_home(["-K", "eden", "-Q"]) == (DEFAULT_INSTANCE, ["-K", "eden", "-Q"])
    (tmp_path / "VERSION").touch()
    (tmp_path / "applications" / "eden").mkdir(parents=True)
    assert choose_home(["-K", "eden"]) == (tmp_path, ["-K", "eden"])
    monkeypatch.setenv("EDEN_HOME", "/elsewhere")
    assert choose_home(["-K", "eden"])[0] == Path("/elsewhere")
    for named in (["-f", "site"], ["--folder", "site"], ["--folder=site"]):
        assert choose_home([*named, "-Q"]) == (tmp_path / "site", ["-Q"])


def test_the_checkout_itself_is_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDEN_HOME", raising=False)
    monkeypatch.chdir(CHECKOUT)
    assert choose_home([])[0] == DEFAULT_INSTANCE


def test_arguments_of_a_script_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = ["-S", "eden", "-R", "script.py", "-A", "-f", "-R", "script.py"]
    (tmp_path / "script.py").touch()
    home = tmp_path / "home"
    assert choose_home(["-f", str(home), *options]) == (home, options)
    absolute = with_absolute_script(options, home)
    assert absolute == ["-S", "eden", "-R", str(tmp_path / "script.py"), "-A", "-f", "-R", "script.py"]


def test_a_folder_option_without_a_folder_is_refused() -> None:
    with pytest.raises(Problem, match="names no folder"):
        choose_home(["-f"])


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://eden.example.org/", "https://eden.example.org"),
        ("https://example.org/relief/", "https://example.org/relief"),
        ("http://[::1]:8000/a/b-2", "http://[::1]:8000/a/b-2"),
    ],
)
def test_a_public_address_may_end_in_the_path_of_a_proxy(text: str, address: str) -> None:
    assert public_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "example.org",
        "ftp://example.org",
        "https://example.org/eden",
        "https://example.org/a b",
        "https://a/?b=c",
    ],
)
def test_what_cannot_be_a_public_address_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        public_address(text)
