"""Notices: the rules by which people are told by mail or webhook, a test of each, and what was told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from gluon import URL, Field, redirect
from gluon.validators import IS_EMAIL, IS_EMPTY_OR, IS_INT_IN_RANGE, IS_LENGTH

from ...administration.settings import LONGEST_ADDRESSES
from ...core.messages import FailureRecord
from ...database.tables.fields import live
from ...host.settings import addresses
from ...monitoring.notices import deliver as deliver
from ...monitoring.notices import outbox as outbox
from ...monitoring.notices import stored as stored
from ...monitoring.notices import words as words
from ...monitoring.notices.outbox import Channel, Message, MessageState
from ...monitoring.notices.rules import OF_A_REPOSITORY, THIS_SITE, Kind, Rule, Step
from ...monitoring.notices.stored import StoredRule
from ...site.labels import Translate
from ...ui import look as look
from ...ui.choice import Choice
from ...ui.refusals import refusal
from ...worker import notices as worker_notices
from .context import ScreenContext
from .widgets import action_button, confirm, form_of, pressed, web_address
from .words.messages import MessageWords

#: Messages on the page, repositories to choose from, and characters of an address of a webhook.
SHOWN, MOST_CHOICES, LONGEST_URL = 20, 500, 500
MOST_HOURS = 24 * 60
#: Limit to begin with, and the smallest and largest one.
LIMITS: Mapping[Kind, tuple[float, float, float]] = {
    Kind.FAILED: (3, 1, 1000),
    Kind.SILENT: (24, 1, MOST_HOURS),
    Kind.CLOCK: (60, 1, 86_400),
    Kind.DISK: (1000, 1, 10_000_000),
    Kind.CONFLICTS: (1, 1, 1_000_000),
}


class ShownRule(NamedTuple):
    """A rule in the list.

    Attributes:
        id: its key.
        condition: when it tells.
        about: the repository, or all of them; "" where it is about this site.
        ways: whom it tells.
        state: whether it holds now, as a badge.
    """

    id: int
    condition: str
    about: Any
    ways: list[str]
    state: Any


class ShownMessage(NamedTuple):
    """A message in the list.

    Attributes:
        made_on: when it was made (UTC).
        told: its sentence.
        way: how it goes.
        state: what became of it, as a badge.
        next_try: when it is tried again (UTC), None if it is not.
        problem, remedy: what went wrong the last time, and what to do; "" for nothing.
    """

    made_on: Any
    told: str
    way: Any
    state: Any
    next_try: Any
    problem: str
    remedy: str


def page(screen: ScreenContext) -> Any:
    """Show the rules and what was told, let a rule be made, changed, tested or removed."""
    args = list(screen.request.args)
    if not args:
        return _all(screen)
    if args[0] == "create" and len(args) == 2 and args[1] in set(Kind):
        kind = Kind(args[1])
        return _form(screen, StoredRule(Rule(0, kind, LIMITS[kind][0], None, 24), True, "", "", None))
    if args[1:]:
        raise refusal(404, screen.T("There is no such page."))
    key = int(screen.record(screen.db.sync_notice_rule, args[0]).id)
    found = stored.find(screen.site, key)
    if found is None:
        raise refusal(404, screen.T("There is no such record. It may have been deleted."))
    return _one(screen, found)


def _one(screen: ScreenContext, found: StoredRule) -> Any:
    T = screen.T
    remove = confirm(
        screen,
        "remove",
        T("Remove this rule?"),
        [
            words.condition(T, found.rule),
            T("Nobody is told by it any more, also not that something is over."),
        ],
        T("Remove rule"),
    )
    if remove.page:
        return remove.page
    if remove.agreed:
        stored.remove(screen.site, found.id)
        screen.session.flash = T("The rule was removed.")
        redirect(URL("sync", "notice"))
    test = action_button("test", T("Send a test"))
    if pressed(screen, test, "test"):
        screen.session.flash = _tested(screen, found)
        redirect(URL("sync", "notice", args=found.id))
    return {**_form(screen, found), "remove": remove.link, "test": test}


def _tested(screen: ScreenContext, found: StoredRule) -> Any:
    """Send a test, and return in a sentence for each way what came of it."""
    T = screen.T
    outcome = deliver.test(screen.site, found)
    told = " ".join(_came_of(T, found, way, problem) for way, problem in outcome)
    return look.Problem(told) if any(problem for _, problem in outcome) else told


def _came_of(T: Translate, found: StoredRule, way: Channel, problem: FailureRecord | None) -> str:
    if problem is not None:
        message = MessageWords(T)
        return f"{message.message(problem)} {message.remedy(problem)}".strip()
    if way is Channel.MAIL:
        return str(T("The mail server took a test mail to %s.") % ", ".join(addresses(found.mail_to)))
    return str(T("The webhook at %s took the test.") % _host(found.webhook))


def _host(address: str) -> str:
    return urlsplit(address).netloc


# --- the list ----------------------------------------------------------------------------------------------------


def _all(screen: ScreenContext) -> dict[str, Any]:
    T, site = screen.T, screen.site
    rules = stored.all_of(site)
    held = outbox.raised(site)
    told = outbox.newest(site, SHOWN)
    subjects = {each.subject for each in told} | {each.rule.repository_id for each in rules}
    names = _names(screen, subjects)
    settings = site.host.settings
    screen.response.view = "sync/notices.html"
    by_id = {each.id: each for each in rules}
    return {
        "title": T("Notices"),
        "rules": [_shown_rule(T, each, held, names) for each in rules],
        "messages": [
            _shown_message(T, by_id[each.rule_id], each, names) for each in told if each.rule_id in by_id
        ],
        "kinds": _kinds(T),
        "lacks_mail_server": not settings.get_mail_server() and any(each.mail_to for each in rules),
        "undelivered": outbox.undelivered(site),
        "by_settings": settings.get_sync_notify_to() if settings.get_mail_server() else [],
        "after": settings.get_sync_notify_after(),
    }


def _kinds(T: Translate) -> list[tuple[str, Any]]:
    """Return the kinds of rules to choose from, with what they look at."""
    return [
        (Kind.FAILED.value, T("Runs fail")),
        (Kind.SILENT.value, T("A site is silent")),
        (Kind.CLOCK.value, T("A clock is off")),
        (Kind.DISK.value, T("The disk is nearly full")),
        (Kind.CONFLICTS.value, T("Records wait for a decision")),
    ]


def _names(screen: ScreenContext, keys: Any) -> dict[int, str]:
    table = screen.db.sync_repository
    wanted = [each for each in keys if each]
    rows = screen.db(table.id.belongs(wanted)).select(table.id, table.name) if wanted else ()
    return {int(row.id): row.name for row in rows}


def _shown_rule(
    T: Translate, each: StoredRule, held: Mapping[tuple[int, int], Any], names: Mapping[int, str]
) -> ShownRule:
    rule = each.rule
    about: Any = ""
    if rule.repository_id is not None:
        about = names.get(rule.repository_id, T("a deleted repository"))
    elif rule.kind not in (Kind.DISK, Kind.CONFLICTS):
        about = T("all repositories")
    count = sum(1 for key, _ in held if key == each.id)
    if not each.is_on:
        state = look.state("off", T("switched off"))
    elif count:
        state = look.state("attention", T("holds now"))
    else:
        state = look.state("good", T("quiet"))
    ways = [*addresses(each.mail_to), *([_host(each.webhook)] if each.webhook else [])]
    return ShownRule(each.id, words.condition(T, rule), about, ways, state)


def _shown_message(T: Translate, rule: StoredRule, each: Message, names: Mapping[int, str]) -> ShownMessage:
    badges = {
        MessageState.WAITING: ("bad", T("not delivered")) if each.problem else ("waiting", T("waiting")),
        MessageState.SENT: ("good", T("delivered")),
        MessageState.OVERTAKEN: ("off", T("not sent: a later one took its place")),
        MessageState.GIVEN_UP: ("bad", T("given up")),
    }
    name = "" if each.subject == THIS_SITE else str(names.get(each.subject, T("a deleted repository")))
    message = MessageWords(T)
    told = words.sentence(T, rule.rule, each, name)
    return ShownMessage(
        each.made_on,
        f"{T('Reminder')}: {told}" if each.step is Step.REMINDED else told,
        T("mail") if each.channel is Channel.MAIL else T("webhook"),
        look.state(*badges[each.state]),
        each.next_try if each.state is MessageState.WAITING and each.problem else None,
        message.message(each.problem) if each.problem else "",
        message.remedy(each.problem) if each.problem else "",
    )


# --- the form ----------------------------------------------------------------------------------------------------


def _form(screen: ScreenContext, found: StoredRule) -> dict[str, Any]:
    T, site, rule = screen.T, screen.site, found.rule
    _, least, most = LIMITS[rule.kind]
    label, comment = _limit_words(T, rule.kind)
    fields = [
        Field(
            "limit",
            "integer",
            label=label,
            default=round(rule.limit),
            comment=comment,
            requires=IS_INT_IN_RANGE(
                int(least), int(most) + 1, error_message=T("Enter a number from 1 to %s") % int(most)
            ),
        )
    ]
    if rule.kind in OF_A_REPOSITORY:
        fields.append(_repository_field(screen, rule))
    fields += _ways(T, found)
    fields += [
        Field(
            "remind_hours",
            "integer",
            label=T("Remind after so many hours"),
            default=round(rule.remind_hours),
            requires=IS_INT_IN_RANGE(0, MOST_HOURS + 1),
            comment=T("While it lasts. 0 for never; that it is over is told once in any case."),
        ),
        Field("is_on", "boolean", label=T("Switched on"), default=found.is_on),
    ]
    form = form_of(*fields, table_name="rule", T=T, back=URL("sync", "notice"))
    if pressed(screen, form, "rule", onvalidation=_check(T)):
        key = stored.save(site, _entered(found, form.vars))
        worker_notices.schedule(site)
        screen.session.flash = T("Saved. A worker looks once a minute.")
        redirect(URL("sync", "notice", args=key))
    screen.response.view = "sync/notice.html"
    return {
        "title": dict(_kinds(T))[rule.kind.value],
        "form": form,
        "remove": "",
        "test": "",
        "lacks_mail_server": not site.host.settings.get_mail_server(),
    }


def _limit_words(T: Translate, kind: Kind) -> tuple[Any, Any]:
    return {
        Kind.FAILED: (
            T("Failed runs in a row"),
            T("A run that is tried again counts each time: after 1, 5, 15 and 60 minutes."),
        ),
        Kind.SILENT: (
            T("Hours of silence"),
            T("Since the other site made contact, or a run with it was complete."),
        ),
        Kind.CLOCK: (
            T("Seconds between the clocks"),
            T("A wrong clock decides which version of a record is newer."),
        ),
        Kind.DISK: (
            T("Free megabytes"),
            T("Where this site writes its files. The disk of a database server is not seen from here."),
        ),
        Kind.CONFLICTS: (
            T("Records that wait for a decision"),
            T("Conflicts, and records that could not be stored."),
        ),
    }[kind]


def _repository_field(screen: ScreenContext, rule: Rule) -> Field:
    T, db = screen.T, screen.db
    table = db.sync_repository
    everything = T("this whole site") if rule.kind is Kind.CONFLICTS else T("all repositories")
    choices: dict[str, Any] = {"0": everything}
    rows = db(live(table)).select(
        table.id, table.name, orderby=(table.name, table.id), limitby=(0, MOST_CHOICES)
    )
    choices.update((str(row.id), row.name) for row in rows)
    present = str(rule.repository_id or 0)
    choices.setdefault(present, T("a deleted repository"))
    return Field(
        "repository",
        label=T("Repository"),
        default=present,
        requires=Choice(choices),
    )


def _ways(T: Translate, found: StoredRule) -> list[Field]:
    fields = [
        Field(
            "mail_to",
            label=T("E-mail to"),
            default=found.mail_to,
            requires=IS_EMPTY_OR(IS_LENGTH(LONGEST_ADDRESSES)),
            comment=T("Addresses, by commas."),
        ),
        Field(
            "webhook",
            label=T("Webhook"),
            default=found.webhook,
            requires=IS_EMPTY_OR([IS_LENGTH(LONGEST_URL), web_address(T)]),
            comment=T(
                "An address that gets a POST with JSON: of a chat, or of your own program. It is not encrypted here."
            ),
        ),
        Field(
            "webhook_key",
            "password",
            label=T("Key for the webhook"),
            requires=IS_EMPTY_OR(IS_LENGTH(200)),
            comment=T("A key is stored. Empty: it stays.")
            if found.webhook_key
            else T("May be empty. With it what is sent is signed, so that the receiver knows who sent it."),
        ),
    ]
    if found.webhook_key:
        fields.append(Field("unsigned", "boolean", label=T("Forget the key"), default=False))
    return fields


def _check(T: Translate) -> Any:
    def check(form: Any) -> None:
        given = addresses(form.vars.mail_to)
        wrong = [each for each in given if IS_EMAIL()(each)[1]]
        if wrong:
            form.errors.mail_to = T("%s is no e-mail address") % wrong[0]
        elif not given and not form.vars.webhook:
            form.errors.mail_to = T("Enter an e-mail address or a webhook")

    return check


def _entered(found: StoredRule, given: Any) -> StoredRule:
    key = given.webhook_key or (None if given.unsigned else found.webhook_key)
    rule = found.rule._replace(
        limit=float(given.limit),
        repository_id=int(given.repository or 0) or None,
        remind_hours=int(given.remind_hours),
    )
    mails = ", ".join(addresses(given.mail_to))
    return StoredRule(rule, bool(given.is_on), mails, given.webhook or "", str(key) if key else None)
