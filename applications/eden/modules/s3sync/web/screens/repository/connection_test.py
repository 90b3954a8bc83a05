"""The connection test in words: the findings, and what to do."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple, Optional

from ....adapters.base import Adapter
from ....adapters.connection_test import OBSTACLES, Answer, ConnectionTest, Finding, Question
from ....core.plurals import counted
from ....site.labels import Translate
from ..words import states_and_units as states_and_units
from ..words.at_server import at_server


class TestLine(NamedTuple):
    """A finding for a page.

    Attributes:
        question: the question.
        kind: kind of state, for ``look.state``.
        state: the state in a word or two.
        sentence: the finding in a sentence.
        remedy: what to do, None for nothing.
        said: the message of the connection or the other site, "" for none.
    """

    question: Any
    kind: str
    state: Any
    sentence: Any
    remedy: Any | None
    said: str


Pair = tuple[Any, Optional[Any]]


def told(T: Translate, kind: type[Adapter], test: ConnectionTest, taken: str | None = None) -> list[TestLine]:
    """Return a connection test in words.

    Args:
        T: web2py's translator.
        kind: the repository's type.
        test: the connection test.
        taken: name of another repository for the same site, None if there is none.
    """
    return [_told(T, kind, each, taken) for each in test.findings]


def _told(T: Translate, kind: type[Adapter], finding: Finding, taken: str | None) -> TestLine:
    questions = {
        Question.REACH: T("Can the other site be reached?"),
        Question.KIND: T("Is it an Eden?"),
        Question.LOGIN: T("May this site log in there?"),
        Question.CLOCK: T("Do the clocks agree?"),
        Question.KNOWN: T("Does it know this site?"),
        Question.SERVER: T("Can the server be reached?"),
        Question.SECRECY: T("Is the line encrypted?"),
        Question.KEY: T("Is it the server that was confirmed?"),
        Question.READ: T("Can this site read there?"),
        Question.WRITE: T("Can this site write there?"),
        Question.ALERTS: T("Are alerts to be had there?"),
    }
    shown, state = _state(T, finding.answer, taken if finding.question is Question.KNOWN else None)
    sentence, remedy = _words(T, kind, finding)
    if taken and finding.question is Question.KNOWN and finding.answer is not Answer.ITSELF:
        sentence = T("The site at this address is already here as the repository %s.") % taken
        remedy = T("Use that repository, and leave this page without saving.")
    return TestLine(questions[finding.question], shown, state, sentence, remedy, finding.said)


def _state(T: Translate, answer: Answer, taken: str | None) -> tuple[str, Any]:
    if answer is Answer.NOT_ASKED:
        return "off", T("not asked")
    if answer in OBSTACLES:
        return "bad", T("no")
    if answer in (Answer.AHEAD, Answer.BEHIND, Answer.IN_CLEAR, Answer.WRONG_ALERT) or taken:
        return "attention", T("attention")
    if answer in (Answer.NOT_YET, Answer.CANNOT_TELL):
        return "waiting", T("not yet") if answer is Answer.NOT_YET else T("cannot be seen")
    if answer is Answer.UNTOLD:
        return "waiting", T("cannot be seen")
    return "good", T("yes")


def _words(T: Translate, kind: type[Adapter], finding: Finding) -> Pair:
    values = finding.values
    if finding.answer is Answer.KEY_NEW:
        return _new_key(T, values)
    if finding.answer is Answer.LISTED:
        count = values["count"]
        return counted(
            T, count, "It is a feed with %(count)s alert.", "It is a feed with %(count)s alerts."
        ), None
    tables: tuple[Callable[[Translate], dict[Answer, Pair]], ...] = (
        _reach,
        _login,
        _known,
        _folder,
        at_server,
    )
    for table in tables:
        found = table(T).get(finding.answer)
        if found is not None:
            return found
    if finding.answer is Answer.OURS:
        return _ours(T, kind, values), None
    if finding.question is Question.KIND:
        return _kind(T, values)[finding.answer]
    if finding.question is Question.CLOCK:
        return _clock(T, values)[finding.answer]
    return T("This could not be found out yet: see what is in the way."), None


def _reach(T: Translate) -> dict[Answer, Pair]:
    running = T("Ask the people there whether their site is running, and whether a firewall is in the way.")
    return {
        Answer.NOT_ASKED: (T("This could not be found out yet: see what is in the way."), None),
        Answer.ANSWERS: (T("It answers at this address."), None),
        Answer.NO_ADDRESS: (
            T("No address is entered, so this site cannot ask: it waits until the other site begins."),
            T("Enter the address of the other site, unless only the other site shall begin."),
        ),
        Answer.NAME: (
            T("The name in the address is not known in the network."),
            T("Check how the address is written, and whether this computer is connected to the network."),
        ),
        Answer.REFUSED: (
            T("The computer is there, but nothing answers at this port."),
            T("Check the port in the address, and whether the other site is running."),
        ),
        Answer.TIMEOUT: (T("Nobody answered in time."), running),
        Answer.SILENCE: (
            T("The connection was made, but no answer came in time."),
            T("The other site may be very busy. Try again in a few minutes."),
        ),
        Answer.PROXY: (
            T("The proxy does not let the request through."),
            T("Check the proxy server of this repository, or of this site in the settings."),
        ),
        Answer.LINE: (T("The connection broke."), running),
        Answer.PLAIN: (
            T("The address begins with https, but http is spoken there."),
            T("Let the address begin with http:// or ask the people there for an address with https."),
        ),
        Answer.TLS: (
            T("The address begins with http, but https is spoken there."),
            T("Let the address begin with https://"),
        ),
        Answer.PORTAL: (
            T("A log-in page is in the way, most likely that of the network."),
            T(
                "Open any web page in a browser on this computer, log in there if it asks for it, and test "
                "again. If there is none, check the address."
            ),
        ),
        Answer.BUSY: (
            T("The site is there, but asks to come back later: it is overloaded or restarting."),
            T("Try again in a few minutes."),
        ),
        Answer.CERTIFICATE: (
            T("The certificate of the other site cannot be trusted."),
            T(
                "Check the date of this computer, and whether the address has the name that is in the "
                "certificate. Ask the people there whether their certificate is valid."
            ),
        ),
        Answer.UNUSABLE: (
            T("The address or the password cannot be used as it is."),
            T("Enter it again."),
        ),
    }


def _kind(T: Translate, values: dict[str, Any]) -> dict[Answer, Pair]:
    return {
        Answer.EDEN: (
            T("It is a Sahana Eden. It takes and gives everything in one document."),
            None,
        ),
        Answer.ELSEWHERE: (
            T("It says that it is found at another address: %s") % values.get("target", ""),
            T("Enter that address instead."),
        ),
        Answer.WEB_PAGE: (
            T("Something answers, but not as an Eden does."),
            T(
                "Check the address: it ends with the name of the application, most often /eden. "
                "A log-in page of the network may also be in the way."
            ),
        ),
        Answer.NO_INTERFACE: (
            T("There is a web server, but no synchronization of an Eden at this address."),
            T(
                "Check the address: it ends with the name of the application, most often /eden. "
                "The module Synchronization has to be enabled there."
            ),
        ),
        Answer.BROKEN: (
            T("The other site has an error of its own."),
            T("Ask the people there to look at the error tickets of their site."),
        ),
    }


def _login(T: Translate) -> dict[Answer, Pair]:
    return {
        Answer.LET_IN: (T("User name and password are right, and the account may synchronize."), None),
        Answer.LET_IN_ONLY: (
            T(
                "User name and password are right. Whether the account may read and write the resources shows "
                "at the first synchronization."
            ),
            None,
        ),
        Answer.PASSWORD: (
            T("User name or password are wrong."),
            T("Enter them again. Ask the people there whether the account exists and is not blocked."),
        ),
        Answer.NO_ACCOUNT: (
            T("The other site asks for a user name and a password."),
            T("Enter an account of the other site that has the role Synchronization there."),
        ),
        Answer.ROLE: (
            T("The account is known, but it may not synchronize."),
            T("Ask the people there to give the account the role Synchronization."),
        ),
    }


def _clock(T: Translate, values: dict[str, Any]) -> dict[Answer, Pair]:
    seconds = values.get("seconds", 0)
    difference = states_and_units.span(T, seconds)
    remedy = T("Set both clocks by the network (NTP): which version of a record is newer is decided by them.")
    return {
        Answer.AGREES: (
            T("They agree to the second.") if seconds < 2 else T("They agree within %s.") % difference,
            None,
        ),
        Answer.AHEAD: (T("The clock of the other site is %s ahead of ours.") % difference, remedy),
        Answer.BEHIND: (T("The clock of the other site is %s behind ours.") % difference, remedy),
        Answer.UNTOLD: (T("The other site does not tell its time."), None),
    }


def _known(T: Translate) -> dict[Answer, Pair]:
    return {
        Answer.KNOWN: (T("This site is registered there."), None),
        Answer.NOT_YET: (
            T("It does not know this site yet."),
            T("Save: this site is introduced to it then."),
        ),
        Answer.CANNOT_TELL: (
            T("An Eden does not say whether it knows this site."),
            T("Save: this site is introduced to it then. To do so again does no harm."),
        ),
        Answer.ITSELF: (
            T("The address leads back to this site itself."),
            T("Enter the address of the other site."),
        ),
    }


def _folder(T: Translate) -> dict[Answer, Pair]:
    rights = T("Let the account under which the worker runs read and write the folder.")
    return {
        Answer.NO_FOLDER: (
            T("There is no such folder, or this site may not use it."),
            T("Check how the folder is written, and whether its drive is connected."),
        ),
        Answer.READABLE: (T("The folder is there and can be read."), None),
        Answer.UNREADABLE: (T("The folder cannot be read."), rights),
        Answer.WRITABLE: (T("Files can be written."), None),
        Answer.READ_ONLY: (T("Nothing can be written into the folder."), rights),
    }


def _new_key(T: Translate, values: dict[str, Any]) -> Pair:
    return (
        T("Nobody has confirmed the key of this server yet. It shows: %s") % values["key"],
        T(
            "Compare it with what the people of the server say. Only if it is the same: it is in the field already, so "
            "test again, and save."
        ),
    )


def _ours(T: Translate, kind: type[Adapter], values: dict[str, Any]) -> Any:
    named = {"name": values["name"] or T("unnamed"), "version": values["version"]}
    return T("It is %(name)s with Eden Sync %(version)s. Abilities: %(abilities)s.") % {
        **named,
        "abilities": ", ".join(str(each) for each in abilities(T, kind, values["capabilities"])) or T("none"),
    }


def abilities(T: Translate, kind: type[Adapter], capabilities: Any) -> list[Any]:
    """Return in words the capabilities of another site beyond those of its type.

    Args:
        T: web2py's translator.
        kind: the repository's type.
        capabilities: announced and detected capabilities; those that the type does not know are left out.
    """
    return [T(words) for name, words in kind.abilities.items() if name in (capabilities or ())]
