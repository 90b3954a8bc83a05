"""What is laid over an Eden is closed: nothing in it asks for a file of this project that does not come along."""

from __future__ import annotations

import ast
import builtins
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest
from gluon.globals import Response
from gluon.storage import Storage
from gluon.template import render

from over_eden.contents import CONTENTS, LEFT_OUT
from s3sync.ui.program_requests import OWN_RULES
from tests.support.places import APPLICATION, CHECKOUT
from tests.support.standard_library import STDLIB

#: What has to be installed beside Python's own; ``isal``, ``segno`` and those for places at servers are optional, and
#: of the drivers one is enough.
PACKAGES = {
    "gluon",
    "pydal",
    "lxml",
    "requests",
    "urllib3",
    "cryptography",
    "isal",
    "openpyxl",
    "psycopg2",
    "paramiko",
    "requests_aws4auth",
    "segno",
    "tomli",
    "tomllib",
}
#: What web2py has put into the environment before the first model is executed.
WEB2PY = {"T", "URL", "current", "redirect", "request", "response", "session"}
#: What the models of an Eden add to it. The first of them is named here.
ENVIRONMENT = WEB2PY | {"auth", "db", "s3db", "settings", "tasks"}
FIRST_MODEL, TASKS, LAST_MODEL = "000_1st_run.py", "tasks.py", "zz_last.py"
#: The last one before that which refuses who may not see a page, and that one.
ACCOUNTS, CHECK_OF_RIGHTS = "00_tables.py", "00_utils.py"
#: Pages of an Eden to which ours lead.
PAGES = {("default", "index"), ("default", "user")}


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The overlay alone, in an empty folder."""
    target = tmp_path_factory.mktemp("eden")
    for part in CONTENTS:
        source = CHECKOUT / part.source
        (target / part.target).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target / part.target, ignore=shutil.ignore_patterns(*LEFT_OUT))
        else:
            shutil.copy(source, target / part.target)
    return target


def sources(laid: Path) -> Iterator[tuple[Path, str]]:
    """Return the Python files but for the dictionaries, and what views have between their braces."""
    for path in sorted(laid.rglob("*.py")):
        if path.parent.parent.name != "languages":
            yield path, path.read_text(encoding="utf-8")
    for path in views(laid):
        statements = re.findall(r"\{\{\s*((?:from|import)\s[^}]*?)\s*\}\}", path.read_text(encoding="utf-8"))
        yield path, "\n".join(statements)


def views(laid: Path) -> list[Path]:
    return sorted((laid / "views").rglob("*.html"))


def file_of(modules: Path, dotted: str) -> Path | None:
    place = modules.joinpath(*dotted.split("."))
    return next((each for each in (place / "__init__.py", place.with_suffix(".py")) if each.is_file()), None)


@cache
def made_in(source: str) -> set[str]:
    """Return the names that a file defines or imports, wherever it does."""
    made: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            made.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            made.add(node.name)
        elif isinstance(node, ast.arg):
            made.add(node.arg)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            made.update((each.asname or each.name).partition(".")[0] for each in node.names)
    return made


def imported(path: Path, source: str, modules: Path) -> Iterator[tuple[str, str]]:
    """Return what a file imports: a module by its whole name, and a name in it or ""."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((each.name, "") for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = path.relative_to(modules).parent.parts if node.level else ()
            base = (*package[: len(package) - node.level + 1], *(node.module or "").split("."))
            yield from ((".".join(filter(None, base)), each.name) for each in node.names)


def missing_imports(laid: Path, path: Path, source: str) -> Iterator[str]:
    modules = laid / "modules"
    # the contract for whoever writes an adapter is no part of a running site
    installed = STDLIB | PACKAGES | ({"pytest"} if path.name == "testing.py" else set())
    for module, name in imported(path, source, modules):
        if module.partition(".")[0] in installed or file_of(modules, f"{module}.{name}".rstrip(".")):
            continue
        place = file_of(modules, module)
        if place is None or name not in made_in(place.read_text(encoding="utf-8")):
            yield f"{path.relative_to(laid)}: {module} {name}"


def test_every_import_is_of_the_set_or_of_what_is_installed(laid: Path) -> None:
    assert [each for path, source in sources(laid) for each in missing_imports(laid, path, source)] == []


def test_a_missing_import_is_seen(laid: Path) -> None:
    source = "import s3\nfrom s3.look import x\nfrom .no import y\nfrom . import z, VERSION\nfrom .site import Site"
    seen = list(missing_imports(laid, laid / "modules" / "s3sync" / "any.py", source))
    assert [each.partition(": ")[2] for each in seen] == ["s3 ", "s3.look x", "s3sync.no y", "s3sync z"]


def test_views_extend_and_include_views_of_the_set_and_the_layout_of_the_host(laid: Path) -> None:
    asked = {
        (path.name, name)
        for path in views(laid)
        for name in re.findall(r"\{\{\s*(?:extend|include)\s+(.*?)\s*\}\}", path.read_text(encoding="utf-8"))
    }
    foreign = {each for each in asked if not (laid / "views" / each[1].strip("'\"")).is_file()}
    assert foreign == {("frame.html", "'layout.html'")}
    assert (APPLICATION / "views" / "layout.html").is_file()


def test_views_that_the_code_names_are_of_the_set(laid: Path) -> None:
    named = {name for _, source in sources(laid) for name in re.findall(r"[\"'](\w+/\w+\.html)[\"']", source)}
    assert named and [each for each in sorted(named) if not (laid / "views" / each).is_file()] == []


LAYOUTS = {
    "with the block": "<head>{{block assets}}{{include 'sync/assets.html'}}{{end}}</head><body>{{include}}</body>",
    "of an Eden": "<head></head><body>{{include}}</body>",
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_page_of_the_set_links_its_style_sheets_and_scripts_once(laid: Path, layout: str) -> None:
    page = framed(laid, LAYOUTS[layout])
    assert re.findall(r"sync/(\w+\.(?:css|js))", page) == ["eden.css", "eden.js"]
    assert page.count("bootstrap.min.css") == 1 and "<style" not in page and " style=" not in page
    assert ("eden.css" in page.partition("</head>")[0]) is (layout == "with the block")


@pytest.mark.parametrize(
    ("theme", "media"),
    [
        (None, []),
        ("light", []),
        ("dark", ["screen"]),
        ("system", ["screen and (prefers-color-scheme: dark)"]),
    ],
)
def test_pages_are_dark_where_the_host_says_so(laid: Path, theme: str | None, media: list[str]) -> None:
    page = framed(laid, LAYOUTS["of an Eden"], theme=theme)
    assert re.findall(r'sync/dark\.css" media="([^"]*)"', page) == media


def test_pages_in_arabic_are_linked_to_the_sheet_from_right_to_left(laid: Path) -> None:
    assert "bootstrap.rtl.min.css" in framed(laid, LAYOUTS["of an Eden"], language="ar")


def framed(laid: Path, layout: str, theme: str | None = None, language: str = "en") -> str:
    """Return an empty page of the set in a host's layout."""
    folder = laid / "views"
    (folder / "layout.html").write_text(layout, encoding="utf-8")
    response = Response()
    response.theme = theme
    context = {
        "URL": lambda folder, path: f"/eden/{folder}/{path}",
        "T": Storage(accepted_language=language),
        "request": Storage(folder=str(laid)),
        "response": response,
    }
    try:
        return str(render(filename=str(folder / "sync" / "frame.html"), path=str(folder), context=context))
    finally:
        (folder / "layout.html").unlink()


def test_static_files_are_of_the_set(laid: Path) -> None:
    asked = re.compile(r"URL\('static',\s*(?:assets\.own\(request\.folder,\s*)?'([^']*)'")
    found = [name for path in views(laid) for name in asked.findall(path.read_text(encoding="utf-8"))]
    assert found and [each for each in found if not (laid / "static" / each).is_file()] == []
    for sheet in (laid / "static" / "sync").rglob("*.css"):
        pictures = re.findall(r"url\(\"?([^\")]+)\"?\)", sheet.read_text(encoding="utf-8"))
        assert [each for each in pictures if not (sheet.parent / each).is_file()] == []


def test_links_lead_to_pages_of_the_set_or_of_every_eden(laid: Path) -> None:
    text = "\n".join(
        path.read_text(encoding="utf-8") for path in [*views(laid), *(laid / "modules").rglob("*.py")]
    )
    leads = set(re.findall(r"URL\(\s*['\"](\w+)['\"],\s*['\"]?(\w+)", text))
    assert {each for each in leads if each[0] not in ("sync", "static")} == PAGES | {
        ("admin", "accounts_page")
    }


def free_names(source: str) -> set[str]:
    """Return the names that a file uses and does not make."""
    tree = ast.parse(source)
    used = {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    return used - made_in(source) - set(dir(builtins))


def test_models_and_the_controller_use_names_that_every_eden_has(laid: Path) -> None:
    found = {
        str(path.relative_to(laid)): free_names(path.read_text(encoding="utf-8")) - ENVIRONMENT
        for folder in ("models", "controllers")
        for path in (laid / folder).glob("*.py")
    }
    assert len(found) == 4 and {name: names for name, names in found.items() if names} == {}


def called(path: Path, source: str, modules: Path) -> set[tuple[str, str]]:
    """Return what a file imports from s3sync and calls: module and name."""
    tree = ast.parse(source)
    names: dict[str, tuple[str, str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            aliases = (each.asname or each.name for each in node.names)
            names.update(zip(aliases, imported(path, ast.unparse(node), modules)))
    found: set[tuple[str, str]] = set()
    for function in (node.func for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if isinstance(function, ast.Name):
            found.add(names.get(function.id, ("", "")))
        elif isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            found.add((".".join(names.get(function.value.id, ())), function.attr))
    return {each for each in found if each[0].startswith("s3sync.")}


def test_what_the_first_model_does_needs_no_other_and_is_done_for_the_synchronisation_alone(
    laid: Path,
) -> None:
    first = min((laid / "models").glob("*.py"), key=lambda path: path.name)
    source = first.read_text(encoding="utf-8")
    assert first.name < FIRST_MODEL and free_names(source) - WEB2PY == set()
    assert called(first, source, laid / "modules") == {("s3sync.ui.program_requests", "prepare")}
    outside = [each for each in ast.parse(source).body if not isinstance(each, (ast.Expr, ast.If))]
    assert outside == []


def test_each_model_stands_where_it_has_to_among_those_of_an_eden(laid: Path) -> None:
    first, pages, tasks = sorted(path.name for path in (laid / "models").glob("*.py"))
    assert first < FIRST_MODEL
    assert ACCOUNTS < pages < CHECK_OF_RIGHTS
    assert TASKS < tasks < LAST_MODEL


@pytest.mark.parametrize(("controller", "opened"), [("sync", True), ("org", False)])
def test_eden_asks_nobody_to_log_in_for_pages_that_have_rules_of_their_own(
    laid: Path, controller: str, opened: bool
) -> None:
    permission = SimpleNamespace(unrestricted_pages=("default/index",))
    surroundings = {
        "request": SimpleNamespace(controller=controller),
        "settings": SimpleNamespace(has_module=lambda name: True),
        "auth": SimpleNamespace(permission=permission),
    }
    source = (laid / "models" / "00_tables_eden_sync.py").read_text(encoding="utf-8")
    exec(compile(source, "model", "exec"), surroundings)
    added = set(permission.unrestricted_pages) - {"default/index"}
    assert added == ({f"sync/{each}" for each in OWN_RULES} if opened else set())


def test_the_scheduler_of_an_eden_can_run_what_that_of_the_bundled_application_can(laid: Path) -> None:
    def tasks(path: Path) -> set[str]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}

    bundled = tasks(APPLICATION / "models" / "tasks_sync.py")
    looks = {"sync_changes", "sync_listening", "sync_notice_watch", "sync_summary_watch"}
    assert bundled - tasks(laid / "models" / "tasks_eden_sync.py") == looks
