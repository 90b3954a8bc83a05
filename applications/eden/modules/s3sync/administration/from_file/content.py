"""What a file says, as values; names in it are not looked up yet."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path
from typing import Any, NamedTuple

from ...adapters import USUAL, adapter_types
from ...adapters.base import Adapter
from ...adapters.settings import Kind, Setting
from ...core.errors import SyncError
from ...core.limits import LONGEST_NAME
from ...core.policy import Method, Policy
from ...core.recurrence import LONGEST_PAUSE
from ...core.task import Mode
from ...exchange.scope import ScopeRule
from ...scheduler.schedule import WantedSchedule
from ...site import Site
from ...site.scoping.scopes import Prescribes
from ...site.tasks import TaskRules
from ...site.wanted import tasks as wanted_tasks
from ...site.wanted.tasks import WantedTask
from ...transport.urls import origin, without_credentials
from ..invitations import MOST_DAYS, MOST_MINUTES, Wish
from ..preferences import LIMITS
from ..settings import path_where_it_was_started
from .problems import FileRefused, Findings, Problem, meant
from .tables import Told, read_span, seconds_of

#: The version of files that this program reads.
VERSION = 1
_MODES = {each.name.lower(): each for each in Mode}
_POLICIES = {each.value.lower(): each for each in Policy}
_METHODS = {each.value: each for each in Method}


class AccountInFile(NamedTuple):
    """An account as which another site logs in here."""

    told: Told
    email: str
    name: str
    password: str | None


class ScopeInFile(NamedTuple):
    """A scope; where ``says`` is false, what is prescribed to its sites stays as it is."""

    told: Told
    name: str
    rules: tuple[ScopeRule, ...]
    says: bool = False
    prescribes: Prescribes | None = None


@dataclass(frozen=True)
class RepositoryInFile:
    """A repository; what is None stays as it is.

    Attributes:
        told: its table.
        name: its name here.
        uuid: how the other site identifies itself.
        kind: its type.
        settings: settings of its type that are named, secrets in clear text; "" and None for those that shall be empty.
        account: login name as which the other site comes.
        scope: name of what it may read and write, "" for everything.
        resources: all that is exchanged.
        schedule: when.
    """

    told: Told
    name: str
    uuid: str | None
    kind: type[Adapter]
    settings: Mapping[str, Any] = field(repr=False)
    account: str | None
    scope: str | None
    resources: tuple[WantedTask, ...] | None
    schedule: WantedSchedule | None


class InvitationInFile(NamedTuple):
    """An invitation."""

    told: Told
    wish: Wish
    scope: str
    code_file: Path


class Content(NamedTuple):
    """What a file says, in the order in which it is stored."""

    preferences: Mapping[str, Any]
    accounts: list[AccountInFile]
    scopes: list[ScopeInFile]
    repositories: list[RepositoryInFile]
    invitations: list[InvitationInFile]


def parsed(text: str) -> Mapping[str, Any]:
    """Return the values of a text in TOML.

    Raises:
        FileRefused: it is none, or this Python has no reader of it.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        try:
            import tomli as tomllib
        except ImportError:
            raise FileRefused(
                [
                    Problem(
                        "",
                        None,
                        "This Python reads no TOML.",
                        "Install the package tomli, or take Python 3.11.",
                    )
                ]
            ) from None
    try:
        found: Mapping[str, Any] = tomllib.loads(text)
        return found
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise FileRefused(
            [Problem("", None, f"This is no TOML: {error}.", "Correct that line, or the one above it.")]
        ) from None


def read(site: Site, text: str, folder: Path) -> tuple[Content, Findings]:
    """Read a file.

    Args:
        site: this site, whose data model says which resources there are.
        text: of the file.
        folder: in which it is, for files that it names.

    Returns:
        what it says, and what was wrong with it so far.

    Raises:
        FileRefused: it is no TOML, or of another version.
    """
    findings = Findings(text)
    top = Told(findings, folder, "", parsed(text))
    if top.whole("version", VERSION, VERSION) is None:
        if not top.has("version"):
            top.wrong("version", "The version is missing.", f"Write version = {VERSION} as the first line.")
        findings.check()
    groups = {name: told for told in top.tables("groups") or () if (name := _name(told))}
    content = Content(
        _preferences(site, top.table("site")),
        [_account(each) for each in top.tables("accounts") or ()],
        [_scope(site, each) for each in top.tables("scopes") or ()],
        [_repository(site, each, groups) for each in top.tables("repositories") or ()],
        [_invitation(each) for each in top.tables("invitations") or ()],
    )
    for each in groups.values():
        # Read once more, alone: what no repository uses is checked as well.
        _shared(site, each, adapter_types()[USUAL])
        _kind(each, None)
        each.end()
    top.end()
    return content, findings


def _name(told: Told) -> str:
    return told.text("name", needed=True, most=LONGEST_NAME) or ""


def _preferences(site: Site, told: Told | None) -> dict[str, Any]:
    if told is None:
        return {}
    found: dict[str, Any] = {}
    for name, (least, most, is_whole) in LIMITS.items():
        if told.has(name):
            found[name] = (told.whole if is_whole else told.number)(name, least, most)
    for name in ("public_url", "proxy"):
        value = told.text(name)
        if value:
            problem = problem_of(site, Setting(name, "", kind=Kind.ADDRESS), value)
            if problem:
                told.wrong(name, *problem)
        if value is not None:
            found[name] = value.rstrip("/") or None
    path = path_where_it_was_started(site.host.settings, found.get("public_url") or "")
    if path is not None:
        told.wrong("public_url", f"Its path has to be {path}.", "./run --public-url changes the path.")
    addresses = told.texts("notify_to")
    if addresses is not None:
        for each in addresses:
            if "@" not in each or not each.isprintable() or set(" ,;") & set(each):
                told.wrong(
                    "notify_to", f"{each!r} is no e-mail address.", "Write addresses: one text for each."
                )
        found["notify_to"] = ", ".join(addresses) or None
    told.end()
    return found


def _account(told: Told) -> AccountInFile:
    email = told.text("email", needed=True, most=128) or ""
    if email and ("@" not in email or " " in email):
        told.wrong(
            "email", f"{email!r} is no e-mail address.", "Sites log in here with one, which need not exist."
        )
    name = told.text("name", most=LONGEST_NAME) or email
    password = told.secret("password")
    told.end()
    return AccountInFile(told, email.lower(), name, password)


def _scope(site: Site, told: Told) -> ScopeInFile:
    name = _name(told)
    rules: dict[str, ScopeRule] = {}
    for each in told.tables("rules") or ():
        resource = _resource(site, each)
        rule = ScopeRule(
            resource, each.flag("read", True), each.flag("write", True), each.flag("components", True)
        )
        try:
            filters = wanted_tasks.read_filters(site, resource, _filters(each)) if resource else ()
            checked = ScopeRule.from_json(
                {**rule.to_json(), "filters": ScopeRule("", filters=filters).filter_text}
            )
        except SyncError as error:
            each.wrong("filters", error.message, error.hint)
            checked = rule
        if resource and resource in rules:
            each.wrong("resource", f"There is a rule for {resource} already.", "Leave one of them out.")
        rules[resource] = checked
        each.end()
    prescribed = told.table("prescribes")
    prescribes = None if prescribed is None else _prescribes(prescribed)
    told.end()
    return ScopeInFile(told, name, tuple(rules.values()), prescribed is not None, prescribes)


def _prescribes(told: Told) -> Prescribes | None:
    minutes = told.whole("minutes", 0, MOST_MINUTES)
    found = Prescribes(minutes or 0, told.flag("headquarters_win", False))
    enabled = told.flag("enabled", True)
    told.end()
    return found if enabled else None


def _filters(told: Told) -> str:
    return "&".join(told.texts("filters") or ())


def _resource(site: Site, told: Told) -> str:
    name = told.text("resource", needed=True) or ""
    if name:
        try:
            wanted_tasks.check_resource(site, name)
        except SyncError:
            known = [each.name for each in site.schema if not each.is_super]
            told.wrong(
                "resource", f"This site has no records {name} that could be exchanged.", _close(name, known)
            )
            return ""
    return name


def _close(name: str, known: list[str]) -> str:
    told = meant(name, known)
    return told if told.startswith("Did") else "Write the name of a table, such as org_organisation."


def _kind(told: Told, usual: type[Adapter] | None) -> type[Adapter]:
    types = adapter_types()
    return told.choice("type", {name.lower(): each for name, each in types.items()}, usual or types[USUAL])


def _repository(site: Site, told: Told, groups: Mapping[str, Told]) -> RepositoryInFile:
    name = _name(told)
    group = told.text("group")
    shared = groups.get(group or "")
    if group and shared is None:
        told.wrong("group", f"There is no group {group} in this file.", meant(group, list(groups)))
    kind = _kind(told, _kind(shared, None) if shared is not None else None)
    sources = [told] if shared is None else [shared, told]
    settings: dict[str, Any] = {}
    scope: str | None = None
    resources: tuple[WantedTask, ...] | None = None
    schedule: WantedSchedule | None = None
    for each in sources:
        found = _shared(site, each, kind)
        settings.update(found.settings)
        scope = found.scope if found.scope is not None else scope
        resources = found.resources if found.resources is not None else resources
        schedule = found.schedule or schedule
    account = told.text("account", most=128)
    uuid = told.text("uuid", most=128)
    told.end()
    return RepositoryInFile(
        told, name, uuid or None, kind, settings, account and account.lower(), scope, resources, schedule
    )


class _Shared(NamedTuple):
    settings: dict[str, Any]
    scope: str | None
    resources: tuple[WantedTask, ...] | None
    schedule: WantedSchedule | None


def _shared(site: Site, told: Told, kind: type[Adapter]) -> _Shared:
    """Return what a group can say as well as a repository."""
    resources = told.tables("resources")
    schedule = told.table("schedule")
    return _Shared(
        {each.name: value for each in kind.settings if (value := _setting(site, told, each)) is not None},
        told.text("scope", most=LONGEST_NAME),
        None if resources is None else _tasks(site, resources, kind),
        None if schedule is None else _schedule(schedule),
    )


def _setting(site: Site, told: Told, setting: Setting) -> Any:
    """Return the value of a setting, "" where it shall be empty, None where nothing is said."""
    if setting.secret:
        found: Any = told.secret(setting.name)
    elif setting.kind is Kind.BOOLEAN:
        return told.flag(setting.name, False) if told.has(setting.name) else None
    elif setting.kind is Kind.CHOICE:
        return told.choice(setting.name, {each.lower(): each for each, _ in setting.choices}, None)
    else:
        found = told.text(setting.name)
    if found and setting.correct is not None:
        found = setting.correct(found)
    problem = problem_of(site, setting, found) if found else None
    if problem:
        told.wrong(setting.name, *problem)
    return found


def problem_of(site: Site, setting: Setting, value: str) -> tuple[str, str] | None:
    """Return what is wrong with the value of a setting, and what to do; None for nothing."""
    if setting.kind is Kind.ADDRESS:
        try:
            origin(value, setting.schemes)
        except SyncError as error:
            return error.message, error.hint
        if without_credentials(value) != value:
            return "User name or password stand in the address.", "Write them as username and password."
    if setting.kind is Kind.PATH and site.lines().folder_problem(value) is not None:
        return f"{value} is no folder that this site may use.", "See folder_roots in private/appconfig.ini."
    told = setting.check(value) if setting.check else ""
    return (told, "Correct it.") if told else None


def _tasks(site: Site, tables: list[Told], kind: type[Adapter]) -> tuple[WantedTask, ...]:
    found: dict[str, WantedTask] = {}
    possible = wanted_tasks.possible_modes(kind.capabilities)
    usual = TaskRules()
    for each in tables:
        resource = _resource(site, each)
        rules = TaskRules(
            each.choice(
                "mode", {name: mode for name, mode in _MODES.items() if mode in possible}, possible[0]
            ),
            each.flag("components", usual.components),
            each.choices("strategy", _METHODS, usual.strategy),
            each.choice("update_policy", _POLICIES, usual.update_policy),
            each.choice("conflict_policy", _POLICIES, usual.conflict_policy),
        )
        filters = _filters(each)
        try:
            chosen = wanted_tasks.read_filters(site, resource, filters) if resource else ()
        except SyncError as error:
            each.wrong("filters", error.message, error.hint)
            chosen = ()
        if resource in found:
            each.wrong("resource", f"{resource} is here already.", "Leave one of them out.")
        found[resource] = WantedTask(resource, rules, chosen)
        each.end()
    return tuple(found.values())


def _schedule(told: Told) -> WantedSchedule:
    period = read_span(told, "every", seconds_of) or 60
    at = told.text("at")
    after = told.whole("after_change", 1, LONGEST_PAUSE)
    enabled = told.flag("enabled", True)
    told.end()
    return WantedSchedule(period, _time(told, at) if at else None, after, enabled)


def _time(told: Told, text: str) -> time | None:
    try:
        return datetime.strptime(text, "%H:%M").time()
    except ValueError:
        told.wrong("at", f"{text!r} is no time of day.", 'Write hours and minutes (UTC): "03:30".')
        return None


def _invitation(told: Told) -> InvitationInFile:
    name = _name(told)
    scope = told.text("scope", needed=True, most=LONGEST_NAME) or ""
    address = told.text("address") or ""
    usual = Wish(name)
    minutes, days = told.whole("minutes", 0, MOST_MINUTES), told.whole("days", 1, MOST_DAYS)
    wish = Wish(
        name,
        usual.minutes if minutes is None else minutes,
        days or usual.days,
        address,
        told.flag("headquarters_win", False),
    )
    code_file = told.text("code_file", needed=True) or "code"
    told.end()
    return InvitationInFile(told, wish, scope, told.folder / Path(code_file).expanduser())
