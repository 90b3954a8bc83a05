"""The instance folder: links to the application, folders of its own; copies where there are no links."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.instance import SITE_FOLDERS, is_instance, prepare_instance
from launcher.places import application_folder
from launcher.problems import Problem

#: As the first version of the launcher wrote it.
FIRST_ROUTES = '''"""Which application answers at the root of this site. Written by the launcher."""
default_application = "eden"
default_controller = "default"
default_function = "index"
'''


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    application = application_folder(root)
    (application / "models").mkdir(parents=True)
    (application / "models" / "db.py").write_text("first")
    (application / "__init__.py").touch()
    (application / "private").mkdir()
    (application / "private" / "template").write_text("not for sites")
    (root / "requirements.txt").write_text("web2py-gluon==2.26.1 \\\n")
    return root


@pytest.fixture
def no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise OSError("this file system knows no links")

    monkeypatch.setattr(Path, "symlink_to", refuse)


def test_what_the_site_writes_is_its_own(checkout: Path, tmp_path: Path) -> None:
    home = tmp_path / "site"
    prepare_instance(home, checkout=checkout)
    assert is_instance(home)
    application = application_folder(home)
    assert (application / "models").is_symlink()
    for name in SITE_FOLDERS:
        folder = application / name
        assert folder.is_dir() and not folder.is_symlink()
        assert folder.stat().st_mode & 0o077 == 0
    assert not (application / "private" / "template").exists()
    assert (home / "VERSION").read_text().startswith("Version 2.26.1-stable")


def test_logs_of_before_are_closed_to_others(checkout: Path, tmp_path: Path) -> None:
    """They name accounts and addresses; who let a group read them meant it."""
    logs = tmp_path / "site" / "logs"
    logs.mkdir(parents=True)
    for before, after in ((0o755, 0o750), (0o700, 0o700)):
        logs.chmod(before)
        prepare_instance(logs.parent, checkout=checkout)
        assert logs.stat().st_mode & 0o777 == after


def test_links_follow_the_application(checkout: Path, tmp_path: Path) -> None:
    home = tmp_path / "site"
    prepare_instance(home, checkout=checkout)
    source = application_folder(checkout)
    (source / "models").rename(source / "renamed")
    prepare_instance(home, checkout=checkout)
    names = {path.name for path in application_folder(home).iterdir()}
    assert "renamed" in names and "models" not in names


def test_without_links_the_application_is_copied_when_it_changed(
    checkout: Path, tmp_path: Path, no_links: None
) -> None:
    home = tmp_path / "site"
    prepare_instance(home, checkout=checkout)
    model = application_folder(home) / "models" / "db.py"
    assert not model.parent.is_symlink()
    assert model.read_text() == "first"
    written = model.stat().st_mtime_ns
    prepare_instance(home, checkout=checkout)
    assert model.stat().st_mtime_ns == written
    (application_folder(checkout) / "models" / "db.py").write_text("second")
    prepare_instance(home, checkout=checkout)
    assert model.read_text() == "second"


def test_what_somebody_put_there_is_not_overwritten(checkout: Path, tmp_path: Path) -> None:
    home = tmp_path / "site"
    models = application_folder(home) / "models"
    models.mkdir(parents=True)
    (models / "mine.py").write_text("precious")
    with pytest.raises(Problem, match="put there"):
        prepare_instance(home, checkout=checkout)
    assert (models / "mine.py").read_text() == "precious"


def test_static_files_are_linked_beside_what_the_site_lays_out(checkout: Path, tmp_path: Path) -> None:
    source = application_folder(checkout) / "static"
    (source / "styles").mkdir(parents=True)
    (source / "bootstrap").mkdir()
    home = tmp_path / "site"
    own = application_folder(home) / "static"
    own.parent.mkdir(parents=True)
    own.symlink_to(source)  # as earlier versions did
    prepare_instance(home, checkout=checkout)
    assert not own.is_symlink() and (own / "styles").is_symlink()
    assert not (own / "bootstrap").exists()
    (own / "bootstrap" / "5.3.3").mkdir(parents=True)
    prepare_instance(home, checkout=checkout)
    assert (own / "bootstrap" / "5.3.3").is_dir() and not (source / "bootstrap" / "5.3.3").exists()


def test_static_files_are_copied_where_there_are_no_links(
    checkout: Path, tmp_path: Path, no_links: None
) -> None:
    source = application_folder(checkout) / "static" / "styles"
    source.mkdir(parents=True)
    (source / "eden.css").write_text("a")
    home = tmp_path / "site"
    prepare_instance(home, checkout=checkout)
    (source / "eden.css").write_text("b")
    prepare_instance(home, checkout=checkout)
    assert (application_folder(home) / "static" / "styles" / "eden.css").read_text() == "b"


def test_routes_that_somebody_changed_are_left_alone(checkout: Path, tmp_path: Path) -> None:
    home = tmp_path / "site"
    prepare_instance(home, checkout=checkout)
    assert "routes_onerror" in (home / "routes.py").read_text()
    (home / "routes.py").write_text(FIRST_ROUTES)
    prepare_instance(home, checkout=checkout)
    assert "routes_onerror" in (home / "routes.py").read_text()
    (home / "routes.py").write_text("# mine")
    prepare_instance(home, checkout=checkout)
    assert (home / "routes.py").read_text() == "# mine"
