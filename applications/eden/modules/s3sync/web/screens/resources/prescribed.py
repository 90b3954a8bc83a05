"""What the other site prescribes to this one: shown, accepted, and taken back."""

from __future__ import annotations

from typing import Any, NamedTuple

from gluon import URL, redirect

from ....active import prescribed as prescribed
from ....core.errors import AlreadyRunning, SyncError
from ....core.task import Mode
from ....site import Repository
from ....site.wanted.followed import followed_in
from ....ui import look as look
from ....wire.protocol.names import PeerCapability
from ..context import ScreenContext
from ..widgets import action_button, confirm, pressed
from ..words.prescriptions import excess_lines, problem_words
from . import filter_form as filter_form


class ShownPrescription(NamedTuple):
    """What the list of resources shows of it.

    Attributes:
        page: the question that is asked instead of the list, None for none.
        follows: whether the other site may prescribe.
        is_in_force: whether something is prescribed.
        minutes: how often it is exchanged by it; 0 where nothing is said.
        problem: why what it told last is not carried out, "" if it is.
        more: what is more than was agreed, a line each.
        accept: button that accepts that, "" where there is nothing to accept.
        change: link to stop following, or to begin; "" where neither is possible.
    """

    page: Any
    follows: bool = False
    is_in_force: bool = False
    minutes: int = 0
    problem: str = ""
    more: list[Any] = []
    accept: Any = ""
    change: Any = ""


def resources_of(record: Repository) -> frozenset[str]:
    """Return the resources of a repository that are prescribed, and not to be changed here."""
    followed = followed_in(record.settings)
    return frozenset() if followed is None else followed.resources


def mode_of(record: Repository, resource: str) -> Mode:
    """Return the direction that is prescribed for a resource; both ways where it is not prescribed."""
    followed = followed_in(record.settings)
    known = followed.in_force.resources if followed is not None and followed.in_force is not None else ()
    return next((each.mode for each in known if each.resource == resource), Mode.BOTH)


def minutes_of(record: Repository) -> int:
    """Return how often a repository is exchanged as prescribed; 0 where nothing is said."""
    followed = followed_in(record.settings)
    return 0 if followed is None or followed.in_force is None else followed.in_force.minutes


def shown(screen: ScreenContext, record: Repository) -> ShownPrescription:
    """Return what to show of what a repository prescribes; do what a person decides about it."""
    followed = followed_in(record.settings)
    if followed is None:
        return _not_followed(screen, record)
    T, back = screen.T, URL("sync", "repository", args=[record.id, "task"])
    stop = confirm(
        screen,
        "decide-here",
        T("Decide here what is exchanged with %s?") % record.name,
        [
            T("What is exchanged stays as it is; from now on it can be changed here."),
            T(
                "What the other site prescribes is no longer carried out. What it allows stays its own decision."
            ),
        ],
        T("Decide here from now on"),
        back=back,
    )
    if stop.agreed:
        prescribed.stop_following(record)
        screen.session.flash = T("What is exchanged is decided here from now on.")
        redirect(back)
    told, more = prescribed.open_of(record, followed)
    # Another one may come while a person reads: what is accepted is what was shown.
    accept = action_button("accept", T("Accept it"), hidden={"seen": followed.fingerprint}) if more else ""
    if more and pressed(screen, accept, "accept"):
        screen.session.flash = _accepted(screen, record)
        redirect(back)
    return ShownPrescription(
        stop.page,
        True,
        followed.in_force is not None,
        minutes_of(record),
        problem_words(T, followed),
        excess_lines(screen.site, T, more, told),
        accept,
        stop.link,
    )


def _accepted(screen: ScreenContext, record: Repository) -> Any:
    T = screen.T
    try:
        found = prescribed.accept(record, str(screen.request.post_vars.seen or ""))
    except AlreadyRunning:
        return filter_form.still_running(T)
    except prescribed.ChangedMeanwhile:
        return look.Problem(T("It has changed meanwhile; look at it again."))
    except SyncError as error:
        return look.Problem(error.explain())
    if found is not None and found.problem is not None:
        return look.Problem(problem_words(T, found))
    return T("Accepted. It is carried out from the next synchronization on.")


def _not_followed(screen: ScreenContext, record: Repository) -> ShownPrescription:
    if PeerCapability.PRESCRIBE not in record.capabilities or not record.can_ask:
        return ShownPrescription(None)
    T, back = screen.T, URL("sync", "repository", args=[record.id, "task"])
    begin = confirm(
        screen,
        "let-prescribe",
        T("Let %s prescribe what is exchanged?") % record.name,
        [
            T(
                "With each synchronization this site asks what is prescribed there: resources, conditions, policies, "
                "and how often. It cannot be changed here then, but paused."
            ),
            T(
                "Whatever is more than what is exchanged now waits for your consent: further resources or records, "
                "another direction, or policies by which the other site's version wins."
            ),
        ],
        T("Let it prescribe"),
        danger=False,
        back=back,
    )
    if begin.agreed:
        try:
            agreed = prescribed.present_agreement(record)
        except SyncError as error:
            screen.session.flash = look.Problem(error.explain())
            redirect(back)
        with screen.site.store.transaction():
            prescribed.let_prescribe(record, agreed)
        screen.session.flash = T("The other site prescribes from the next synchronization on.")
        redirect(back)
    return ShownPrescription(begin.page, change=begin.link)
