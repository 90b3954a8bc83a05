"""The documentation under test: what it must name, and that what it names exists."""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from launcher import command, testing
from launcher.places import CHECKOUT
from s3sync import LAYERS
from s3sync.adapters import adapter_types
from s3sync.adapters.settings import Kind
from s3sync.core import errors as errors
from s3sync.core.cursor import Comparison, RequestNumber
from s3sync.core.errors import SyncError
from s3sync.core.policy import Method, Policy
from s3sync.core.records import Action
from s3sync.exchange.peer import Capability
from s3sync.exchange.run.ports import Stage
from s3sync.wire.filters import Operator
from s3sync.wire.protocol.dry_run import DryRunRecord, DryRunResult, dry_run_json
from s3sync.wire.protocol.names import CAPABILITIES
from s3sync.wire.protocol.offer import Offer, Offered, offer_json
from s3sync.wire.protocol.pull import PullRequest
from s3sync.wire.protocol.push import PushReply, PushRequest
from s3sync.wire.protocol.registration import RegistrationReply, RegistrationRequest
from s3sync.wire.protocol.times import parse_msince
from tests.support.markdown import DOCS, DOCUMENTS, MODULES, RULES, heading_anchors, prose, text_of

# --- links and files ---------------------------------------------------------------------------------------


def links() -> Iterator[tuple[str, str]]:
    for path in DOCUMENTS:
        text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if not re.match(r"[a-z]+:", target):
                yield str(path.relative_to(CHECKOUT)), target


@pytest.mark.parametrize("source, target", sorted(set(links())))
def test_links_lead_somewhere(source: str, target: str) -> None:
    name, _, anchor = target.partition("#")
    path = (CHECKOUT / source).parent / name if name else CHECKOUT / source
    assert path.exists()
    if anchor:
        assert anchor in heading_anchors(path.read_text(encoding="utf-8"))


def test_every_document_is_reachable_from_the_readme() -> None:
    # decisions have a list of their own, and the tests stand in the guide for contributors
    apart = {*CHECKOUT.glob("README.md"), *CHECKOUT.glob("tests/*.md"), *DOCS.glob("decisions/[0-9]*.md")}
    for path in sorted({*DOCUMENTS} - apart):
        assert f"({path.relative_to(CHECKOUT)})" in text_of("README.md")


def test_every_picture_is_shown() -> None:
    shown = "".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    assert [path.name for path in (DOCS / "images").iterdir() if f"images/{path.name})" not in shown] == []


def named_files() -> Iterator[tuple[str, str]]:
    """Paths into the checkout that stand as code in a document."""
    roots = ("applications/", "benchmarks/", "deploy/", "docs/", "launcher/", "tests/", "tools/", ".ci/")
    site = ("private", "databases", "uploads", "sessions", "errors", "cache")
    for path in DOCUMENTS:
        for name in re.findall(r"`([\w./@-]+)`", path.read_text(encoding="utf-8")):
            below_site = name.startswith("applications/eden/") and name.split("/")[2] in site
            if name.startswith(roots) and not below_site:
                yield str(path.relative_to(CHECKOUT)), name


@pytest.mark.parametrize("source, name", sorted(set(named_files())))
def test_named_files_exist(source: str, name: str) -> None:
    assert (CHECKOUT / name).exists()


def test_the_architecture_tells_the_order_of_the_layers() -> None:
    told = text_of("docs/ARCHITECTURE.md").partition("## Layers")[2].split("```")[1].removeprefix("text")
    floors = [tuple(name.strip() for name in floor.split("|")) for floor in told.split("<")]
    assert tuple(floors) == LAYERS


# --- the protocol -------------------------------------------------------------------------------------------


def error_codes() -> dict[str, tuple[str, bool]]:
    """Code -> (HTTP status, transient), read from every class with a code, wherever in the package it stands."""

    adapter_types()
    found: dict[str, tuple[str, bool]] = {}
    todo: list[type[SyncError]] = [SyncError]
    while todo:
        kind = todo.pop()
        status = getattr(kind, "eden_status", kind.http_status)
        found.setdefault(kind.code, (str(status), kind.transient))
        todo += kind.__subclasses__()
    return found


def error_table() -> dict[str, list[str]]:
    rows = {}
    section = text_of("docs/PROTOCOL.md").partition("\n## Errors")[2].partition("\n## ")[0]
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 5 and cells[0].startswith("`"):
            rows[cells[0].strip("`")] = cells
    return rows


@pytest.mark.parametrize("code", sorted(error_codes()))
def test_errors_are_documented_as_they_are(code: str) -> None:
    status, transient = error_codes()[code]
    row = error_table()[code]
    assert row[1] == status
    assert row[2] == ("yes" if transient else "no")
    assert row[3] and row[4]


def test_documented_errors_exist() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (MODULES / "s3sync").rglob("*.py"))
    assert [code for code in error_table() if f'"{code}"' not in source] == []


def test_codes_in_the_source_are_documented() -> None:
    # Classes in modules that need web2py are not imported here.
    codes = set()
    for path in (MODULES / "s3sync").rglob("*.py"):
        codes.update(
            re.findall(r'^    code(?:: ClassVar\[str\])? = "(\w+)"', path.read_text("utf-8"), re.MULTILINE)
        )
    assert codes and codes <= set(error_table())


def section(title: str) -> str:
    return text_of("docs/PROTOCOL.md").partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def query_names(query: str) -> set[str]:
    return {pair.partition("=")[0] for pair in query.split("&")}


def test_parameters_of_a_pull_are_documented() -> None:
    everything = PullRequest(
        "t_x",
        "u",
        "",
        1,
        parse_msince("2026-01-01T00:00:00"),
        components=False,
        total=True,
        number=RequestNumber(1, "a"),
        keep=True,
        columns=True,
        ahead="j.1.t",
    )
    names = query_names(everything.to_query())
    assert len(names) >= len(fields(PullRequest)) - 1
    assert [name for name in names if f"| `{name}` |" not in section("Pull")] == []


def test_parameters_of_a_push_are_documented() -> None:
    everything = PushRequest(
        "t_x",
        "u",
        (Method.CREATE,),
        Policy.NEWER,
        Policy.NEWER,
        False,
        "j",
        "",
        True,
        True,
        RequestNumber(1, "a"),
        Comparison.ASKED,
    )
    names = query_names(everything.to_query())
    assert len(names) == len(fields(PushRequest))
    assert [name for name in names if f"| `{name}` |" not in section("Push")] == []


def test_keys_of_replies_and_registrations_are_documented() -> None:
    pushed = PushReply(1, [1], [1], [1], "m", {"t": 1}, {"created": 1}, "j", "c", True, ["f"])
    for name in {*pushed.to_json(), *(each.name for each in fields(PushReply))}:
        assert f"`{name}`" in section("Push"), name
    registered = RegistrationReply("s", version="1", capabilities=frozenset(CAPABILITIES))
    for name in {*registered.to_json(), *(each.name for each in fields(RegistrationReply))}:
        assert f"`{name}`" in section("Registration"), name
    for each in fields(RegistrationRequest):
        assert f"`{each.name}`" in section("Registration"), each.name


def test_keys_of_a_forecast_are_documented() -> None:
    told = dry_run_json(DryRunResult(examples=(DryRunRecord("created", "u"),)))
    for name in {*told, *told["examples"][0]}:
        assert f"`{name}`" in section("Push"), name


def test_keys_of_an_offer_are_documented() -> None:
    told = offer_json(Offer("u", resources=(Offered("t", "T", 1),)))
    for name in {*told, *told["resources"][0]}:
        assert f"`{name}`" in section("Offer"), name


def test_capabilities_are_documented() -> None:
    assert [name for name in CAPABILITIES if f"| `{name}` |" not in section("Registration")] == []


def test_attributes_of_a_record_are_documented() -> None:
    source = (MODULES / "s3sync" / "wire" / "s3xml" / "encoder.py").read_text("utf-8")
    tree = ast.parse(source)
    (opening,) = [
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "resource_open"
    ]
    names = {each.arg for each in opening.args.args} - {"table", "nulls"} | {"name", "null"}
    assert [name for name in sorted(names) if f"`{name}`" not in section("The document")] == []


@pytest.mark.parametrize("word", [*Action, *Method, *Policy, *Operator])
def test_words_of_the_protocol_are_documented(word: str) -> None:
    name = getattr(word, "value", word)
    assert re.search(rf"[`,(]{name}[`,)]|\b{name}, |`{name}`|, {name}[ ,.:]", prose("docs/PROTOCOL.md"))


@pytest.mark.parametrize("name", [each.name for each in (*Capability, *Kind)])
def test_what_a_repository_type_declares_is_documented(name: str) -> None:
    assert f"`{name}`" in text_of("docs/ADAPTERS.md")


def test_errors_that_a_repository_type_may_raise_exist() -> None:
    named = re.findall(
        r"`(\w+)`", text_of("docs/ADAPTERS.md").partition("\n## Errors\n")[2].partition("`Lines`")[0]
    )
    known = {name for name in vars(errors) if isinstance(getattr(errors, name), type)}
    raised = {name for name in named if name[0].isupper()}
    assert len(raised) > 10 and raised <= known


def test_stages_are_documented() -> None:
    assert " ".join(stage.value for stage in Stage) in prose("docs/ARCHITECTURE.md")


# --- the table of rules -------------------------------------------------------------------------------------


TEST_COLUMNS = ("| shown by |", "| test |")


def ids_in(path: Path) -> set[str]:
    """The ids of the tests in a file: ``test_x`` and ``Class::test_x``."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found.update(
                f"{node.name}::{each.name}"
                for each in node.body
                if isinstance(each, ast.FunctionDef) and each.name.startswith("test_")
            )
    return found


def named_tests() -> list[str]:
    return sorted({found for path in DOCUMENTS for found in RULES.findall(path.read_text(encoding="utf-8"))})


@pytest.mark.parametrize("name", named_tests())
def test_tests_that_are_named_exist(name: str) -> None:
    path, _, test = name.partition("::")
    assert test in ids_in(CHECKOUT / "tests" / path)


def rows_without_a_test(text: str) -> tuple[int, list[str]]:
    """How many rows the tables of a text have, and those that name no test."""
    rows = [
        line
        for line in text.splitlines()
        if line.startswith("|") and not line.startswith("|--") and not line.rstrip().endswith(TEST_COLUMNS)
    ]
    return len(rows), [row for row in rows if not RULES.search(row)]


def test_every_rule_names_a_test() -> None:
    count, without = rows_without_a_test(section("Every rule and its test").partition("### Open")[0])
    assert count > 50
    assert without == []


def test_every_promise_names_a_test() -> None:
    count, without = rows_without_a_test(text_of("docs/RELIABILITY.md"))
    assert count > 30
    assert without == []


# --- settings and commands ----------------------------------------------------------------------------------


def settings() -> set[str]:
    """``[section] key`` of every setting, read from the getters."""
    places = (MODULES / "s3" / "settings.py", MODULES / "s3sync" / "host" / "settings.py")
    found = set()
    for node in (each for place in places for each in ast.walk(ast.parse(place.read_text("utf-8")))):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("get_"):
            for call in ast.walk(node):
                if isinstance(call, ast.Call) and getattr(call.func, "attr", "") in (
                    "text",
                    "number",
                    "flag",
                ):
                    section_name, key = (arg.value for arg in call.args[:2] if isinstance(arg, ast.Constant))
                    found.add(f"[{section_name}] {key}")
    return found


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    named = set(re.findall(r"^\| `(\[\w+\] \w+)` \|", text_of("docs/OPERATIONS.md"), re.MULTILINE))
    template = {"[web] host", "[web] port"}  # of the launcher
    assert settings() | template == named


def test_settings_in_messages_exist() -> None:
    known = settings()
    for path in (MODULES / "s3sync").rglob("*.py"):
        for name in re.findall(r"\[sync\] (?!of )\w+", path.read_text("utf-8")):
            assert name in known, f"{path.name} speaks of {name}"


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    return {option for action in parser._actions for option in action.option_strings} - {"-h", "--help"}


@pytest.mark.parametrize("option", sorted(options_of(command.parser())))
def test_options_of_run_are_documented(option: str) -> None:
    assert re.search(rf"`{option}[ `]", text_of("docs/OPERATIONS.md"))


def test_options_of_test_are_documented() -> None:
    source = Path(testing.__file__).read_text("utf-8")
    options = re.findall(r'add_argument\(\s*"(--[\w-]+)"', source)
    assert options and [each for each in options if f"`{each}`" not in text_of("docs/OPERATIONS.md")] == []


def test_variables_of_the_environment_are_documented() -> None:
    source = "".join(
        path.read_text("utf-8")
        for path in [*(CHECKOUT / "launcher").glob("*"), *(CHECKOUT / "deploy").rglob("*"), CHECKOUT / "run"]
        if path.is_file()
    )
    inner = {"EDEN_DIE_WITH_PARENT", "EDEN_RESULT", "EDEN_WEB2PY_RELAYED"}
    inner |= {"EDEN_DATABASE_IN_USE"}  # between the launcher and its script
    inner |= {"EDEN_OPTION_ADMIN_PASSWORD", "EDEN_OPTION_DATABASE"}  # between two starts of ./run
    inner |= {"EDEN_PEER_EMAIL", "EDEN_PEER_PASSWORD"}  # between the demonstration and its scripts
    used = set(re.findall(r"\bEDEN_[A-Z0-9_]+[A-Z0-9]\b", source)) - inner
    assert used and [name for name in used if f"`{name}`" not in text_of("docs/OPERATIONS.md")] == []
